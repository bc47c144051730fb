import type { TopLevelSpec } from 'vega-lite';

/** How all plots look. */
const PLOT_STYLE = {
  font: 'DejaVu Sans, Liberation Sans, Arial, Helvetica, sans-serif',
  axis: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal', titlePadding: 10, gridColor: '#e8e8e8' },
  legend: { labelFontSize: 12 },
  title: { fontSize: 16, subtitleFontSize: 12, subtitlePadding: 6, subtitleColor: '#555' },
  view: { stroke: null },
} as const;

/** What all plots have in common; a specification begins with it. */
export const PLOT = {
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  width: 640,
  padding: 16,
  background: 'white',
  config: PLOT_STYLE,
} as const;

/** A plot as an SVG document. */
export async function svgOfPlot(specification: TopLevelSpec): Promise<string> {
  // Heavy, and wanted by this alone.
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  const { spec } = vegaLite.compile(specification);
  const view = new vega.View(vega.parse(spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/** An SVG document as a PNG image, twice as large. */
export async function pngOfSvg(svg: string): Promise<Uint8Array> {
  const { Resvg } = await import('@resvg/resvg-js');
  return new Resvg(svg, { fitTo: { mode: 'zoom', value: 2 } }).render().asPng();
}
