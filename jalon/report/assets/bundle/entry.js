// The charts of the report page, and nothing else of the library.
import { init, use } from "echarts/core";
import { BarChart, CustomChart, SankeyChart, ScatterChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, CustomChart, SankeyChart, ScatterChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

export { init };
