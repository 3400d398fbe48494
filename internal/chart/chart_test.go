package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// example has everything that can be drawn, and characters that mean something
// in XML.
func example() Chart {
	c := Chart{
		Title:    "Backlog: 1,000,000 records, classify & <more>",
		Subtitle: "Claude Haiku 4.5, 4,000,000 tokens a minute, \"bucket\"",
		X:        Axis{Title: "hours since the beginning"},
		Y:        Axis{Title: "records", Label: func(v float64) string { return fmt.Sprintf("%.0fk", v/1000) }},
		Lines:    []Line{{Name: "Sluice", Filled: true}, {Name: "naive"}, {Name: "naive, dead-lettered", Dashed: true}},
		Mark:     Mark{X: 6, Label: "deadline"},
	}
	for i := range 101 {
		at := float64(i) / 100
		c.Lines[0].Points = append(c.Lines[0].Points, Point{2.6 * at, 1e6 * (1 - at)})
		c.Lines[1].Points = append(c.Lines[1].Points, Point{7.3 * at, 1e6 * (1 - at*at)})
		c.Lines[2].Points = append(c.Lines[2].Points, Point{7.3 * at, 4e5 * at * at * at})
	}
	return c
}

func TestSVGParsesAndItsTextsAreWhatWasSaid(t *testing.T) {
	var b bytes.Buffer
	if err := example().WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	var texts []string
	elements := map[string]int{}
	for d := xml.NewDecoder(&b); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			elements[token.Name.Local]++
		case xml.CharData:
			texts = append(texts, string(token))
		}
	}
	c := example()
	all := strings.Join(texts, "\n")
	for _, want := range []string{c.Title, c.Subtitle, c.X.Title, c.Y.Title, "Sluice", "naive, dead-lettered", "deadline", "1000k", "prefers-color-scheme: dark"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in the drawing", want)
		}
	}
	if elements["polygon"] != 1 || elements["polyline"] < 3+3+1 {
		t.Errorf("elements: %v", elements)
	}
}

func TestPNGDecodesAndHasItsColors(t *testing.T) {
	var b bytes.Buffer
	if err := example().WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	if folder := os.Getenv("SLUICE_CHART_FOLDER"); folder != "" {
		if err := os.WriteFile(filepath.Join(folder, "example.png"), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	drawn, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if size := drawn.Bounds().Size(); size.X != 1600 || size.Y != 900 {
		t.Errorf("it has %v pixels", size)
	}
	if _, _, _, a := drawn.At(0, 0).RGBA(); a != 0 {
		t.Error("the corner of the panel is not round")
	}
	found := map[color.NRGBA]int{}
	for y := range 900 {
		for x := range 1600 {
			found[color.NRGBAModel.Convert(drawn.At(x, y)).(color.NRGBA)]++
		}
	}
	for _, want := range []color.NRGBA{{255, 255, 255, 255}, {0, 0x72, 0xb2, 255}, {0xd5, 0x5e, 0, 255}, {0x6a, 0x5a, 0xcd, 255}, {0x1b, 0x1f, 0x24, 255}} {
		if found[want] < 200 {
			t.Errorf("only %d pixels are %v", found[want], want)
		}
	}
}

func TestTheSameChartIsTheSameBytes(t *testing.T) {
	for name, write := range map[string]func(Chart, io.Writer) error{"svg": Chart.WriteSVG, "png": Chart.WritePNG} {
		var a, b bytes.Buffer
		if err := errors.Join(write(example(), &a), write(example(), &b)); err != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Errorf("%s: %v, or not the same", name, err)
		}
	}
}

func TestWhatCannotBeDrawnIsAnError(t *testing.T) {
	broken := map[string]func(*Chart){
		"no lines":       func(c *Chart) { c.Lines = nil },
		"too many lines": func(c *Chart) { c.Lines = append(c.Lines, c.Lines...) },
		"no points":      func(c *Chart) { c.Lines[1].Points = nil },
		"no number":      func(c *Chart) { c.Lines[0].Points[3].Y = math.NaN() },
		"endless":        func(c *Chart) { c.Lines[0].Points[3].X = math.Inf(1) },
		"mark":           func(c *Chart) { c.Mark.X = math.NaN() },
	}
	for name, breakIt := range broken {
		c := example()
		breakIt(&c)
		if err := c.WriteSVG(io.Discard); !errors.Is(err, ErrChart) {
			t.Errorf("%s: SVG: %v", name, err)
		}
		if err := c.WritePNG(io.Discard); !errors.Is(err, ErrChart) {
			t.Errorf("%s: PNG: %v", name, err)
		}
	}
}

func TestEverythingStaysInsideTheDrawing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Chart{Title: rapid.StringMatching("[A-Za-z0-9 ]{0,200}").Draw(t, "title"), X: Axis{Title: "x"}, Y: Axis{Title: "y"}}
		for range rapid.IntRange(1, mostLines).Draw(t, "lines") {
			value := rapid.Float64Range(-1e3, 1e12)
			point := rapid.Custom(func(t *rapid.T) Point { return Point{value.Draw(t, "x"), value.Draw(t, "y")} })
			c.Lines = append(c.Lines, Line{Name: "a", Points: rapid.SliceOfN(point, 1, 20).Draw(t, "points"), Filled: true})
		}
		if err := c.check(); err != nil {
			t.Fatal(err)
		}
		s := c.layout()
		for _, l := range s.strokes {
			for _, p := range l.points {
				if p.X < 0 || p.X > width || p.Y < 0 || p.Y > height {
					t.Fatalf("%v is outside", p)
				}
			}
		}
		for _, said := range s.texts {
			if said.at.X < 0 || said.at.X > width || said.at.Y < said.size || said.at.Y > height ||
				said.anchor == start && said.at.X+measured(said.said, said.size) > width {
				t.Fatalf("%q at %v is outside", said.said, said.at)
			}
		}
	})
}

func TestTicksAreRoundFewAndReachTheLargestValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		largest := rapid.Float64Range(1e-9, 1e15).Draw(t, "largest")
		values := ticks(largest, 5)
		if n := len(values); n < 3 || n > 7 || values[0] != 0 || values[n-1] < largest*0.999 {
			t.Fatalf("%v for %g", values, largest)
		}
	})
}

func TestDashesLieOnTheLine(t *testing.T) {
	pieces := dashes([]Point{{0, 0}, {10, 0}, {10, 10}}, 4, 3)
	want := [][]Point{{{0, 0}, {4, 0}}, {{7, 0}, {10, 0}, {10, 1}}, {{10, 4}, {10, 8}}}
	if fmt.Sprint(pieces) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", pieces, want)
	}
}

func TestEveryInkHasColors(t *testing.T) {
	all := tones()
	inks := lineInks()
	for _, i := range append(inks[:], paper, edge, grid, axis, strong, weak) {
		var r, g, b uint8
		for _, written := range []string{all[i].light, all[i].dark} {
			if n, err := fmt.Sscanf(written, "#%02x%02x%02x", &r, &g, &b); n != 3 || err != nil {
				t.Errorf("%s: %q is not a color", i, written)
			}
		}
	}
}
