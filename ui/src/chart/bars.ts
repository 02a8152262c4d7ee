// The part of ECharts that the energy bars use; loaded only when they are shown.

import { BarChart } from 'echarts/charts';
import { GridComponent, TooltipComponent } from 'echarts/components';
import { init, use, type ECharts, type EChartsCoreOption } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([BarChart, GridComponent, TooltipComponent, SVGRenderer]);

export type { ECharts, EChartsCoreOption };

export function createChart(host: HTMLElement): ECharts {
  return init(host, null, { renderer: 'svg' });
}
