// Starts Swagger UI. A session of a cookie confirms its writes; a bearer token, typed into
// Authorize, goes before it and needs no confirmation.
const SAFE = new Set(["GET", "HEAD"]);

async function csrf() {
  const answer = await fetch("/api/v1/session");
  return answer.ok ? (await answer.json()).csrf : null;
}

async function confirmed(request) {
  const headers = request.headers || {};
  if (SAFE.has((request.method || "GET").toUpperCase()) || headers.Authorization) return request;
  const token = await csrf();
  if (token) request.headers = { ...headers, "X-CSRF-Token": token };
  return request;
}

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", paint);
paint();

window.ui = window.SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
  requestInterceptor: confirmed,
  presets: [window.SwaggerUIBundle.presets.apis],
});
