package chart

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

const (
	// pixels of a unit.
	pixels = 2.0
	// faintness is the part of its ink that a tint has.
	faintness = 0.12
)

// WritePNG draws the chart in 1,600 × 900 pixels, on a light panel with round
// corners. The error wraps ErrChart or is the writer's.
func (c Chart) WritePNG(w io.Writer) error {
	if err := c.check(); err != nil {
		return err
	}
	s := c.layout()
	p := painter{image.NewRGBA(image.Rect(0, 0, int(s.width*pixels), int(s.height*pixels)))}
	for _, shape := range s.panels {
		p.panel(shape)
	}
	for _, l := range s.strokes {
		p.stroke(l)
	}
	for _, t := range s.texts {
		if err := p.text(t); err != nil {
			return err
		}
	}
	return png.Encode(w, p.to)
}

// painter fills shapes of an image.
type painter struct{ to *image.RGBA }

// paint is an ink's light color.
func paint(i ink, opacity float64) image.Image {
	var c color.NRGBA
	_, _ = fmt.Sscanf(tones()[i].light, "#%02x%02x%02x", &c.R, &c.G, &c.B) // the table is tested
	c.A = uint8(math.Round(255 * opacity))
	return image.NewUniform(c)
}

// fill paints whatever the outlines enclose.
func (p painter) fill(with image.Image, outlines ...[]Point) {
	size := p.to.Bounds().Size()
	r := vector.NewRasterizer(size.X, size.Y)
	for _, outline := range outlines {
		for i, at := range outline {
			x, y := float32(at.X*pixels), float32(at.Y*pixels)
			if i == 0 {
				r.MoveTo(x, y)
			} else {
				r.LineTo(x, y)
			}
		}
		r.ClosePath()
	}
	r.Draw(p.to, p.to.Bounds(), with, image.Point{})
}

func (p painter) panel(shape panel) {
	if shape.corners != nil {
		opacity := 1.0
		if shape.faint {
			opacity = faintness
		}
		p.fill(paint(shape.fill, opacity), shape.corners)
		return
	}
	p.fill(paint(edge, 1), rounded(0, shape.width, shape.height, shape.round))
	p.fill(paint(shape.fill, 1), rounded(1, shape.width, shape.height, shape.round))
}

// rounded is a rectangle with round corners, so far inside the edge.
func rounded(inside, width, height, radius float64) []Point {
	var outline []Point
	centers := []Point{{width - radius, radius}, {width - radius, height - radius}, {radius, height - radius}, {radius, radius}}
	for quarter, center := range centers {
		const steps = 12
		for i := range steps + 1 {
			angle := (float64(quarter) - 1 + float64(i)/steps) * math.Pi / 2
			outline = append(outline, Point{center.X + (radius-inside)*math.Cos(angle), center.Y + (radius-inside)*math.Sin(angle)})
		}
	}
	return outline
}

func (p painter) stroke(l stroke) {
	pieces := [][]Point{l.points}
	if l.dashed {
		pieces = dashes(l.points, dashOn*l.width, dashOff*l.width)
	}
	var outlines [][]Point
	for _, piece := range pieces {
		outlines = append(outlines, outline(piece, l.width/2)...)
	}
	p.fill(paint(l.ink, 1), outlines...)
}

// text draws letters; the baseline is on a whole pixel, so that they are sharp.
func (p painter) text(t text) error {
	face, err := faceOf(t.bold, t.size*pixels)
	if err != nil {
		return err
	}
	d := font.Drawer{Dst: p.to, Src: paint(t.ink, 1), Face: face}
	x := fixed.Int26_6(math.Round(t.at.X * pixels * 64))
	switch t.anchor {
	case middle:
		x -= d.MeasureString(t.said) / 2
	case end:
		x -= d.MeasureString(t.said)
	}
	d.Dot = fixed.Point26_6{X: x, Y: fixed.I(int(math.Round(t.at.Y * pixels)))}
	d.DrawString(t.said)
	return face.Close()
}

// faceOf is a font in a size, in pixels.
func faceOf(bold bool, size float64) (font.Face, error) {
	file := goregular.TTF
	if bold {
		file = gobold.TTF
	}
	parsed, err := opentype.Parse(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrChart, err)
	}
	return opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
}

// measured is about how wide a text is, in units: exact in the PNG.
func measured(said string, size float64) float64 {
	face, err := faceOf(false, size*pixels)
	if err != nil {
		return float64(len(said)) * size * 0.6
	}
	defer face.Close()
	return float64(font.MeasureString(face, said)) / 64 / pixels
}
