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
  signed_out: "You are signed out. Nothing was saved.",
  selected: "{count} selected",
  selection: "{count} selected. Press Tab to reach the actions.",
  selection_cleared: "Selection cleared",
  results: "{count} results",
  lifted: "{name} lifted, {place}. Arrow keys move, Space drops, Escape cancels.",
  place: "{column}, position {position} of {count}",
  position: "Position {position} of {count}",
  put_back: "{reason} It was put back.",
  cancelled: "Cancelled",
  session_over: "You were signed out",
  session_kept: "Sign in again to go on. What you typed is still here.",
  email: "E-mail address",
  password: "Password",
  sign_in: "Sign in",
  code: "Code of your app",
  draft: "Unsaved text from {time}.",
  restore: "Restore",
  discard: "Discard",
  leave: "What you typed is not saved. Discard it?",
  kept: "Not saved. What you typed is kept; try again.",
  line: "Line {number}",
  line_up: "Move line {number} up",
  line_down: "Move line {number} down",
  line_x: "Remove line {number}",
  line_added: "Line added, {count} in all",
  line_removed: "Line removed, {count} left",
  format: "Format",
  bold: "Bold",
  italic: "Italic",
  bullets: "Bullets",
  numbers: "Numbers",
  plain: "Without format",
  pick_colour: "Pick a colour",
  remove_tag: "Remove {tag}",
  tag_removed: "{tag} removed",
};

const brought = document.getElementById("words");
const words = { ...ENGLISH, ...(brought ? JSON.parse(brought.textContent) : {}) };

/** Return the words of that key, with values in the place of `{name}`. */
export const t = (key, values = {}) =>
  words[key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
