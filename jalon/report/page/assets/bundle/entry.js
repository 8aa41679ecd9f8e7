// The charts of the report page, and nothing else of the library.
import { init, use } from "echarts/core";
import { BarChart, CustomChart, SankeyChart, ScatterChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, CustomChart, SankeyChart, ScatterChart, GridComponent, TooltipComponent, SVGRenderer]);

export { init };
