// All that forms need beyond what every page has.
import "./lookup.js";
import "./choices.js";
import "./forms.js";
import "./lines.js";
import "./tags.js";
import "./writing.js";
