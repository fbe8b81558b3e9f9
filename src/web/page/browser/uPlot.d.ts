// The browser loads the library as a module beside this page's own, where the server serves it.
import uPlot from "uplot";

export default uPlot;
