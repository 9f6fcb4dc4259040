package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// chart is a picture of panels side by side that share their x-axis and their
// series, as SVG.
type chart struct {
	title  string
	xTitle string
	xs     []float64 // ticks of the x-axis, which is logarithmic
	series []string
	panels []panel
}

// panel is one plot of all series.
type panel struct {
	title  string
	log    bool
	ticks  []float64 // of the y-axis; the first and the last bound it
	format func(float64) string
	marks  []float64   // that are asked for: dashed lines
	values [][]float64 // a series each, a value an x; NaN: none
}

// The measures of a chart, in SVG's pixels.
const (
	panelWidth, panelHeight = 400, 300
	marginLeft, marginTop   = 60, 60
	panelGap                = 80
	rowHeight               = 20 // of the legend
	mostSeries              = 6
)

// chartStyle colors a chart in light and in dark surroundings. The colors are
// told apart by the color-blind, too (Okabe and Ito), and the lines by dashes.
const chartStyle = `<style>
svg { --paper: #ffffff; --ink: #1f2328; --faint: #d0d7de;
  --s0: #0072b2; --s1: #009e73; --s2: #b35900; --s3: #cc3d8f; --s4: #6e7781; --s5: #7a5cc4; }
@media (prefers-color-scheme: dark) { svg { --paper: #0d1117; --ink: #e6edf3; --faint: #30363d;
  --s0: #56b4e9; --s1: #2fd3a5; --s2: #e69f00; --s3: #f08cc8; --s4: #9aa4ae; --s5: #b39df0; } }
text { font: 12px system-ui, sans-serif; fill: var(--ink); }
.title { font-size: 14px; font-weight: 600; }
.paper { fill: var(--paper); }
.grid { stroke: var(--faint); }
.mark { stroke: var(--ink); stroke-dasharray: 2 4; }
.line { fill: none; stroke-width: 2; }
.s0 { stroke: var(--s0); } .s1 { stroke: var(--s1); stroke-dasharray: 8 3; } .s2 { stroke: var(--s2); stroke-dasharray: 3 3; }
.s3 { stroke: var(--s3); } .s4 { stroke: var(--s4); stroke-dasharray: 8 3; } .s5 { stroke: var(--s5); stroke-dasharray: 3 3; }
circle { fill: var(--paper); stroke-width: 2; stroke-dasharray: none !important; }
</style>
`

// SVG draws the chart.
func (c chart) SVG() string {
	if len(c.series) > mostSeries {
		panic("internal error: more series than styles")
	}
	width := marginLeft + len(c.panels)*panelWidth + (len(c.panels)-1)*panelGap + 20
	height := marginTop + panelHeight + 60 + rowHeight*((len(c.series)+2)/3)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString(c.title))
	b.WriteString(chartStyle)
	fmt.Fprintf(&b, `<rect class="paper" width="%d" height="%d"/>`+"\n", width, height)
	writeText(&b, marginLeft, 20, "start", "title", c.title)
	for i, p := range c.panels {
		c.draw(&b, p, float64(marginLeft+i*(panelWidth+panelGap)))
	}
	for i, name := range c.series {
		x, y := marginLeft+float64(i%3)*250, float64(marginTop+panelHeight+60+rowHeight*(i/3))
		fmt.Fprintf(&b, `<path class="line s%d" d="M%.1f %.1fh30"/>`+"\n", i, x, y-4)
		writeText(&b, x+38, y, "start", "", name)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// draw draws a panel whose y-axis is at left.
func (c chart) draw(b *strings.Builder, p panel, left float64) {
	bottom := float64(marginTop + panelHeight)
	fmt.Fprintf(b, "<g>\n")
	writeText(b, left, marginTop-14, "start", "", p.title)
	for _, v := range p.ticks {
		y := p.y(v)
		fmt.Fprintf(b, `<path class="grid" d="M%.1f %.1fh%d"/>`+"\n", left, y, panelWidth)
		writeText(b, left-6, y+4, "end", "", p.format(v))
	}
	for _, v := range c.xs {
		x := left + c.x(v)
		fmt.Fprintf(b, `<path class="grid" d="M%.1f %dV%.1f"/>`+"\n", x, marginTop, bottom)
		writeText(b, x, bottom+18, "middle", "", fmt.Sprintf("%gx", v))
	}
	writeText(b, left+panelWidth/2, bottom+36, "middle", "", c.xTitle)
	for _, v := range p.marks {
		fmt.Fprintf(b, `<path class="mark" d="M%.1f %.1fh%d"/>`+"\n", left, p.y(v), panelWidth)
	}
	for i, name := range c.series {
		c.line(b, p, left, i, name)
	}
	fmt.Fprintf(b, "</g>\n")
}

// line draws one series of a panel, with a gap where there is no value.
func (c chart) line(b *strings.Builder, p panel, left float64, series int, name string) {
	fmt.Fprintf(b, `<g class="s%d" data-series="%s"><title>%s</title>`+"\n", series, html.EscapeString(name), html.EscapeString(name))
	var path, points strings.Builder
	command := "M"
	for i, v := range p.values[series] {
		if math.IsNaN(v) {
			command = "M"
			continue
		}
		x, y := left+c.x(c.xs[i]), p.y(v)
		fmt.Fprintf(&path, "%s%.1f %.1f", command, x, y)
		fmt.Fprintf(&points, `<circle class="s%d" cx="%.1f" cy="%.1f" r="3"><title>%s</title></circle>`+"\n",
			series, x, y, html.EscapeString(fmt.Sprintf("%s at %gx: %s", name, c.xs[i], p.format(v))))
		command = "L"
	}
	if path.Len() > 0 {
		fmt.Fprintf(b, `<path class="line s%d" d="%s"/>`+"\n", series, path.String())
	}
	fmt.Fprintf(b, "%s</g>\n", points.String())
}

// x is how far right of the y-axis a value lies.
func (c chart) x(v float64) float64 {
	return panelWidth * between(math.Log(v), math.Log(c.xs[0]), math.Log(c.xs[len(c.xs)-1]))
}

// y is where a value lies; what is beyond the axis lies at its end.
func (p panel) y(v float64) float64 {
	low, high := p.ticks[0], p.ticks[len(p.ticks)-1]
	v = min(max(v, low), high)
	if p.log {
		v, low, high = math.Log(v), math.Log(low), math.Log(high)
	}
	return marginTop + panelHeight*(1-between(v, low, high))
}

// between is 0 at low and 1 at high.
func between(v, low, high float64) float64 { return (v - low) / (high - low) }

// writeText writes a word at a place.
func writeText(b *strings.Builder, x, y float64, anchor, class, text string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s" class="%s">%s</text>`+"\n", x, y, anchor, class, html.EscapeString(text))
}
