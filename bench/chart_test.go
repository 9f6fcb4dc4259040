package main

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
)

// readSVG parses a picture strictly and returns its series and its texts.
func readSVG(t *testing.T, svg string) (series, texts []string, circles int) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return series, texts, circles
		}
		if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, svg)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if e.Name.Local == "circle" {
				circles++
			}
			for _, a := range e.Attr {
				if a.Name.Local == "data-series" {
					series = append(series, a.Value)
				}
				if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
					t.Errorf("%s has %s=%q", e.Name.Local, a.Name.Local, a.Value)
				}
			}
		case xml.CharData:
			texts = append(texts, string(e))
		}
	}
}

func TestChartIsWellFormedAndHasAllSeries(t *testing.T) {
	none := math.NaN()
	c := chart{
		title: "a < b & \"c\"", xTitle: "load", xs: []float64{0.5, 1, 2},
		series: []string{"Sluice", "<nginx> & co"},
		panels: []panel{
			{title: "one", ticks: []float64{0, 1}, format: percent, marks: []float64{0.5}, values: [][]float64{{0, 0.5, 1}, {1, none, 1}}},
			{title: "two", log: true, ticks: []float64{1, 10}, format: figure, values: [][]float64{{0, 5, 1e9}, {none, none, none}}},
		},
	}
	series, texts, circles := readSVG(t, c.SVG())
	if want := []string{"Sluice", "<nginx> & co", "Sluice", "<nginx> & co"}; !slices.Equal(series, want) {
		t.Errorf("series %q, want %q", series, want)
	}
	if circles != 3+2+3 {
		t.Errorf("%d points, want 8", circles)
	}
	for _, want := range []string{c.title, "one", "two", "0.5x", "2x", "load"} {
		if !slices.Contains(texts, want) {
			t.Errorf("%q is not in it: %q", want, texts)
		}
	}
	if !strings.Contains(c.SVG(), "prefers-color-scheme: dark") {
		t.Error("no colors for the dark")
	}
}

func TestChartPlacesValues(t *testing.T) {
	c := chart{xs: []float64{0.5, 1, 2}}
	p := panel{ticks: []float64{0, 1}}
	l := panel{log: true, ticks: []float64{1, 100}}
	for name, tt := range map[string][2]float64{
		"left":         {c.x(0.5), 0},
		"middle":       {c.x(1), panelWidth / 2},
		"right":        {c.x(2), panelWidth},
		"bottom":       {p.y(0), marginTop + panelHeight},
		"top":          {p.y(1), marginTop},
		"beyond":       {p.y(7), marginTop},
		"log middle":   {l.y(10), marginTop + panelHeight/2},
		"nothing, log": {l.y(0), marginTop + panelHeight},
	} {
		if math.Abs(tt[0]-tt[1]) > 1e-9 {
			t.Errorf("%s: got %v, want %v", name, tt[0], tt[1])
		}
	}
}
