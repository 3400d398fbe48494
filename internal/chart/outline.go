package chart

import "math"

// outline is what a pen of a radius covers along a line: a box for every part and
// a disc at every corner. All of them turn the same way, so that where they
// overlap nothing cancels out.
func outline(points []Point, radius float64) [][]Point {
	var outlines [][]Point
	for i, p := range points {
		if i > 0 && i < len(points)-1 {
			outlines = append(outlines, disc(p, radius))
		}
		if i == 0 {
			continue
		}
		from := points[i-1]
		length := math.Hypot(p.X-from.X, p.Y-from.Y)
		if length == 0 {
			continue
		}
		x, y := (p.Y-from.Y)/length*radius, -(p.X-from.X)/length*radius
		outlines = append(outlines, []Point{{from.X + x, from.Y + y}, {p.X + x, p.Y + y}, {p.X - x, p.Y - y}, {from.X - x, from.Y - y}})
	}
	return outlines
}

func disc(center Point, radius float64) []Point {
	const corners = 16
	points := make([]Point, corners)
	for i := range points {
		angle := 2 * math.Pi * float64(i) / corners
		points[i] = Point{center.X + radius*math.Cos(angle), center.Y + radius*math.Sin(angle)}
	}
	return points
}

// dashes cuts a line into pieces that are on long, with gaps that are off long.
func dashes(points []Point, on, off float64) [][]Point {
	var pieces [][]Point
	piece, drawing, left := []Point{points[0]}, true, on
	for i := 1; i < len(points); i++ {
		from, to := points[i-1], points[i]
		for length := math.Hypot(to.X-from.X, to.Y-from.Y); length > left; length = math.Hypot(to.X-from.X, to.Y-from.Y) {
			from = Point{from.X + (to.X-from.X)*left/length, from.Y + (to.Y-from.Y)*left/length}
			if drawing {
				pieces = append(pieces, append(piece, from))
			}
			piece, drawing = []Point{from}, !drawing
			if left = on; !drawing {
				left = off
			}
		}
		left -= math.Hypot(to.X-from.X, to.Y-from.Y)
		piece = append(piece, to)
	}
	if drawing && len(piece) > 1 {
		pieces = append(pieces, piece)
	}
	return pieces
}
