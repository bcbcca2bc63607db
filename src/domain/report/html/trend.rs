//! Numbers over the last operations, as small pictures of the same scale of time, with the numbers beneath.

use std::fmt::Write;

use super::{
    super::{
        markdown::of_trend,
        sheet::{Curve, Moment},
    },
    class, escape, table,
};

/// The size of a picture, and the margin that its dots need, in its own units.
const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 72.0;
const EDGE: f64 = 6.0;

pub(super) fn trend(out: &mut String, moments: &[Moment], curves: &[Curve]) {
    out.push_str("<div class=\"curves\">\n");
    for curve in curves {
        figure(out, moments, curve);
    }
    out.push_str("</div>\n<details>\n<summary>The numbers</summary>\n");
    table(out, "Numbers of the trend", &of_trend(moments, curves));
    out.push_str("</details>\n");
}

fn figure(out: &mut String, moments: &[Moment], curve: &Curve) {
    let measured: Vec<f64> = curve.values.iter().copied().flatten().collect();
    let (least, most) = measured.iter().fold((f64::MAX, f64::MIN), |(a, b), value| (a.min(*value), b.max(*value)));
    let now = curve.values.last().copied().flatten();
    let now = now.map_or_else(|| "not measured".to_owned(), curve.write);
    let (least, top) = ((curve.write)(least), most.max(curve.top));
    let most = (curve.write)(most);
    let points: Vec<(f64, f64, &Moment)> = curve
        .values
        .iter()
        .zip(moments)
        .enumerate()
        .filter_map(|(index, (value, moment))| Some((across(index, moments.len()), down((*value)?, top), moment)))
        .collect();
    let line: Vec<String> = points.iter().map(|(x, y, _)| format!("{x:.1},{y:.1}")).collect();
    let (name, base) = (curve.name, HEIGHT - EDGE);
    // Writing into a String cannot fail.
    let _ = write!(
        out,
        "<figure>\n<figcaption>{name} <strong>{}</strong></figcaption>\n\
         <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{name} of the last {} operations: now {}, least {}, most {}\">\
         <line class=\"track\" x1=\"0\" y1=\"{base}\" x2=\"{WIDTH}\" y2=\"{base}\"/><polyline points=\"{}\"/>",
        escape(&now),
        points.len(),
        escape(&now),
        escape(&least),
        escape(&most),
        line.join(" "),
    );
    for (index, (x, y, moment)) in points.iter().enumerate() {
        let radius = if index + 1 == points.len() { 4.5 } else { 3.0 };
        let _ = write!(
            out,
            "<circle class=\"{}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\"><title>{}: {}</title></circle>",
            class(moment.tone),
            escape(&moment.name),
            escape(&moment.state),
        );
    }
    let _ = write!(
        out,
        "</svg>\n<p class=\"scale\"><span>least {}</span><span>most {}</span></p>\n</figure>\n",
        escape(&least),
        escape(&most)
    );
}

#[expect(clippy::cast_precision_loss, reason = "a picture of some twenty operations")]
fn across(index: usize, count: usize) -> f64 {
    EDGE + (WIDTH - 2.0 * EDGE) * index as f64 / (count.max(2) - 1) as f64
}

fn down(value: f64, top: f64) -> f64 {
    HEIGHT - EDGE - (HEIGHT - 2.0 * EDGE) * (value / top).clamp(0.0, 1.0)
}
