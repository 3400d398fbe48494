package chart

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// WriteSVG draws the chart as one SVG document that needs nothing else: it is
// light, and dark where the page that shows it is. The error wraps ErrChart or is
// the writer's.
func (c Chart) WriteSVG(w io.Writer) error {
	if err := c.check(); err != nil {
		return err
	}
	s := c.layout()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]s %[2]s" width="%[1]s" height="%[2]s" role="img" font-family="'Go', 'Helvetica Neue', Arial, sans-serif">`+"\n",
		number(s.width), number(s.height))
	fmt.Fprintf(&b, "<title>%s</title>\n<desc>%s</desc>\n<style>\n%s</style>\n", escaped(c.Title), escaped(c.Subtitle), style())
	for _, p := range s.panels {
		p.svg(&b)
	}
	for _, l := range s.strokes {
		l.svg(&b)
	}
	for _, t := range s.texts {
		t.svg(&b)
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// style gives every ink its dark color, on dark pages. The light ones are
// attributes, which every viewer understands.
func style() string {
	colors := tones()
	var dark strings.Builder
	for _, name := range slices.Sorted(maps.Keys(colors)) {
		fmt.Fprintf(&dark, "  .f-%[1]s { fill: %[2]s } .s-%[1]s { stroke: %[2]s }\n", name, colors[name].dark)
	}
	return "@media (prefers-color-scheme: dark) {\n" + dark.String() + "}\n"
}

func (p panel) svg(b *strings.Builder) {
	color := tones()[p.fill].light
	if p.corners == nil {
		fmt.Fprintf(b, `<rect x="0.5" y="0.5" width="%s" height="%s" rx="%s" class="f-%s s-%s" fill="%s" stroke="%s"/>`+"\n",
			number(p.width-1), number(p.height-1), number(p.round), p.fill, edge, color, tones()[edge].light)
		return
	}
	opacity := ""
	if p.faint {
		opacity = ` fill-opacity="` + strconv.FormatFloat(faintness, 'g', -1, 64) + `"`
	}
	fmt.Fprintf(b, `<polygon points="%s" class="f-%s" fill="%s"%s/>`+"\n", list(p.corners), p.fill, color, opacity)
}

func (l stroke) svg(b *strings.Builder) {
	dashes := ""
	if l.dashed {
		dashes = fmt.Sprintf(` stroke-dasharray="%s %s"`, number(dashOn*l.width), number(dashOff*l.width))
	}
	fmt.Fprintf(b, `<polyline points="%s" class="s-%s" fill="none" stroke="%s" stroke-width="%s" stroke-linejoin="round"%s/>`+"\n",
		list(l.points), l.ink, tones()[l.ink].light, number(l.width), dashes)
}

func (t text) svg(b *strings.Builder) {
	weight := ""
	if t.bold {
		weight = ` font-weight="bold"`
	}
	fmt.Fprintf(b, `<text x="%s" y="%s" font-size="%s" text-anchor="%s"%s class="f-%s" fill="%s">%s</text>`+"\n",
		number(t.at.X), number(t.at.Y), number(t.size), t.anchor, weight, t.ink, tones()[t.ink].light, escaped(t.said))
}

func list(points []Point) string {
	said := make([]string, len(points))
	for i, p := range points {
		said[i] = number(p.X) + "," + number(p.Y)
	}
	return strings.Join(said, " ")
}

// number writes tenths of a unit, which nobody can see.
func number(v float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
}

// escaped keeps a text from becoming a part of the document. Characters that XML
// does not have become U+FFFD.
func escaped(said string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(said)) // a Builder does not fail
	return b.String()
}
