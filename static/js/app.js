// Every behaviour is a module that finds its own elements by data-*.
import "./copy.js";
import "./forms.js";
import "./keys.js";
import "./live.js";
import "./polling.js";
import "./selected.js";
import "./selection.js";
import "./themes.js";
import "./times.js";
