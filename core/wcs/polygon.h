// Plane polygons, in whatever pixel frame their vertices are given. A polygon is a list of vertices without
// the first repeated at the end; either winding is fine.
#pragma once

#include <span>
#include <vector>

#include "core/wcs/wcs.h"

namespace brickline {

using Polygon = std::vector<PixelPosition>;

// The part of `subject` inside the convex polygon `clip` (Sutherland & Hodgman 1974); empty if there is none.
// Points on the boundary count as inside, so that polygons which share an edge leave a degenerate one.
Polygon clip_convex(std::span<const PixelPosition> subject, std::span<const PixelPosition> clip);

// The convex hull, counter-clockwise, without collinear points (Andrew's monotone chain).
Polygon convex_hull(std::span<const PixelPosition> points);

// Even-odd rule; a point on the boundary belongs to one of two neighbouring polygons.
bool point_in_polygon(std::span<const PixelPosition> polygon, PixelPosition point);

// Whether two segments have a point in common, end points included; parallel ones never do.
bool segments_intersect(PixelPosition a0, PixelPosition a1, PixelPosition b0, PixelPosition b1);

// Whether two polygons (not necessarily convex) overlap: a vertex of one inside the other, or two edges that
// cross.
bool polygons_intersect(std::span<const PixelPosition> a, std::span<const PixelPosition> b);

// The area, positive for counter-clockwise polygons, negative for clockwise ones.
double signed_area(std::span<const PixelPosition> polygon);

// The outline of an image at its outer pixel edges: (-0.5,-0.5), (w-0.5,-0.5), (w-0.5,h-0.5), (-0.5,h-0.5);
// with `margin` pixels added on every side (-0.5: through the centres of the edge pixels).
Polygon image_outline(int width, int height, double margin = 0);

// The pixels (0-based) of an image that a sky polygon with convex projection touches: the clip of the
// quadrilateral through the corner pixels' centres, its bounds rounded outward. Empty when they do not touch,
// or when a vertex is 90 degrees or more from the image. Vertices may lie where the image's distortion has no
// inverse: the clip is then made on the sky.
Box extent_of_sky_polygon(const Wcs& wcs, std::span<const SkyPosition> polygon);

}  // namespace brickline
