// The words that scripts say. A page in another language brings its own as JSON:
// <script type="application/json" id="words">{"undo": "Rückgängig"}</script>

const ENGLISH = {
  undo: "Undo",
  dismiss: "Dismiss",
  cancel: "Cancel",
  confirm: "Continue",
  failed: "Something went wrong. Nothing was saved.",
  not_allowed: "You can't do that, or it no longer exists.",
  no_answer: "The server did not answer. Try again.",
  offline: "You are offline. Nothing was saved.",
  signed_out: "You were signed out. Sign in again in another tab, then repeat this.",
  selected: "{count} selected",
  selection: "{count} selected. Press Tab to reach the actions.",
  selection_cleared: "Selection cleared",
  results: "{count} results",
  lifted: "{name} lifted, {place}. Arrow keys move, Space drops, Escape cancels.",
  place: "{column}, position {position} of {count}",
  position: "Position {position} of {count}",
  put_back: "{reason} It was put back.",
  cancelled: "Cancelled",
};

const brought = document.getElementById("words");
const words = { ...ENGLISH, ...(brought ? JSON.parse(brought.textContent) : {}) };

/** Return the words of that key, with values in the place of `{name}`. */
export const t = (key, values = {}) =>
  words[key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
