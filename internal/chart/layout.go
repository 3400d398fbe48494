package chart

// The drawing's measures, in units.
const (
	width, height = 800.0, 450.0

	left, right = 80.0, 28.0 // of the lines' field
	top, bottom = 130.0, 68.0

	titleSize, textSize = 23.0, 17.0
	lineWidth           = 3.0
	swatch              = 26.0
)

// layout places everything.
func (c Chart) layout() scene {
	s := scene{width: width, height: height}
	s.panels = append(s.panels, panel{fill: paper, width: width, height: height, round: 10})
	s.write(c.Title, Point{24, 38}, fitting(c.Title, titleSize), strong, start, true)
	s.write(c.Subtitle, Point{24, 63}, fitting(c.Subtitle, textSize), weak, start, false)
	x, y := c.extent()
	f := field{ticks(x, 8), ticks(y, 5)}
	s.axes(c, f)
	for i := len(c.Lines) - 1; i >= 0; i-- {
		s.line(c.Lines[i], lineInks()[i], f)
	}
	s.legend(c.Lines)
	s.mark(c.Mark, f)
	return s
}

// fitting is a size, made smaller where the text would leave the drawing.
func fitting(said string, size float64) float64 {
	const room, bolder = width - 2*24, 1.08
	return size * min(1, room/max(measured(said, size)*bolder, 1))
}

// field maps values to places; it ends with the last tick of each axis.
type field struct{ x, y []float64 }

func (f field) place(p Point) Point {
	lastX, lastY := f.x[len(f.x)-1], f.y[len(f.y)-1]
	return Point{left + (width-left-right)*min(max(p.X, 0), lastX)/lastX, height - bottom - (height-top-bottom)*max(p.Y, 0)/lastY}
}

func (s *scene) write(said string, at Point, size float64, color ink, where anchor, bold bool) {
	if said != "" {
		s.texts = append(s.texts, text{said, at, size, color, where, bold})
	}
}

func (s *scene) draw(color ink, width float64, dashed bool, points ...Point) {
	s.strokes = append(s.strokes, stroke{color, points, width, dashed})
}

// axes draws the grid and writes the ticks and what is measured.
func (s *scene) axes(c Chart, f field) {
	for i, value := range f.y {
		at := f.place(Point{0, value})
		color := grid
		if i == 0 {
			color = axis
		}
		s.draw(color, 1, false, at, Point{width - right, at.Y})
		s.write(c.Y.label(value), Point{left - 10, at.Y + textSize/3}, textSize, weak, end, false)
	}
	for _, value := range f.x {
		at := f.place(Point{value, 0})
		s.draw(axis, 1, false, at, Point{at.X, at.Y + 6})
		s.write(c.X.label(value), Point{at.X, at.Y + 25}, textSize, weak, middle, false)
	}
	s.write(c.X.Title, Point{(left + width - right) / 2, height - 14}, textSize, weak, middle, false)
	s.write(c.Y.Title, Point{24, top - 24}, textSize, weak, start, false)
}

func (s *scene) line(l Line, color ink, f field) {
	points := make([]Point, len(l.Points))
	for i, p := range l.Points {
		points[i] = f.place(p)
	}
	if l.Filled {
		ground := height - bottom
		corners := append([]Point{{points[0].X, ground}}, points...)
		s.panels = append(s.panels, panel{fill: color, faint: true, corners: append(corners, Point{points[len(points)-1].X, ground})})
	}
	s.draw(color, lineWidth, l.Dashed, points...)
}

// legend names the lines, from right to left above the field, beside the title
// of the y axis.
func (s *scene) legend(lines []Line) {
	at := Point{width - right, top - 24}
	for i := len(lines) - 1; i >= 0; i-- {
		s.write(lines[i].Name, at, textSize, strong, end, false)
		at.X -= measured(lines[i].Name, textSize) + 8
		s.draw(lineInks()[i], lineWidth, lines[i].Dashed, Point{at.X - swatch, at.Y - textSize/3}, Point{at.X, at.Y - textSize/3})
		at.X -= swatch + 22
	}
}

// mark is named at its side that has more room.
func (s *scene) mark(m Mark, f field) {
	if m.Label == "" {
		return
	}
	at, where, gap := f.place(Point{m.X, 0}), start, 6.0
	if at.X > width/2 {
		where, gap = end, -6
	}
	s.draw(weak, 1.5, true, at, Point{at.X, top - 16})
	s.write(m.Label, Point{at.X + gap, top - 5}, textSize, weak, where, false)
}
