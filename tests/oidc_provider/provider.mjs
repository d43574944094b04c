// A real provider for tests: oidc-provider, certified, with people who say who they are.
//
//   node provider.mjs CLIENT SECRET REDIRECT
//
// Writes its issuer to standard output. Whoever signs in types a login of three words: a name,
// an address, and whether it was verified (yes or no); all three together are its subject.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [client_id, client_secret, redirect] = process.argv.slice(2);

function account(id) {
  const [name, email, verified] = id.split(" ");
  const claims = { sub: id, name, email, email_verified: verified === "yes" };
  return { accountId: id, claims: () => claims };
}

// What a client asks for, it gets: nobody is asked for consent.
async function granted(ctx) {
  const { client, session, params, provider } = ctx.oidc;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(params.scope);
  await grant.save();
  return grant;
}

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id, client_secret, redirect_uris: [redirect], response_types: ["code"] }],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    findAccount: (ctx, id) => account(id),
    loadExistingGrant: granted,
    pkce: { required: () => true },
    cookies: { keys: ["a key of tests"] },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
