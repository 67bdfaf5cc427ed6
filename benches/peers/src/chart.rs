//! Throughput against size, one line for each library.

use std::path::Path;

use plotters::prelude::*;

use crate::harness::Race;
use crate::peers::ours;

const COLOURS: [RGBColor; 14] = [
    RGBColor(230, 25, 75),
    RGBColor(60, 180, 75),
    RGBColor(0, 130, 200),
    RGBColor(245, 130, 48),
    RGBColor(145, 30, 180),
    RGBColor(70, 200, 220),
    RGBColor(240, 50, 230),
    RGBColor(150, 180, 0),
    RGBColor(170, 110, 40),
    RGBColor(0, 128, 128),
    RGBColor(128, 0, 0),
    RGBColor(255, 150, 180),
    RGBColor(0, 0, 128),
    RGBColor(128, 128, 128),
];

/// Draws `races` (size, result) to `name`.svg under `docs`; throughput is size over time.
pub fn throughput(docs: &Path, name: &str, title: &str, races: &[(usize, &Race)]) {
    let mut names: Vec<&str> = Vec::new();
    for row in races.iter().flat_map(|(_, race)| &race.rows) {
        if !names.contains(&row.name.as_str()) {
            names.push(&row.name);
        }
    }
    names.sort_unstable();
    let line = |name: &str| -> Vec<(f64, f64)> {
        races
            .iter()
            .filter_map(|(size, race)| race.row(name).map(|row| (*size as f64, *size as f64 / row.ns)))
            .collect()
    };
    let all: Vec<f64> = names.iter().flat_map(|name| line(name)).map(|(_, y)| y).collect();
    let (low, high) = all.iter().fold((f64::MAX, f64::MIN), |(low, high), y| (low.min(*y), high.max(*y)));
    let (first, last) = (races[0].0 as f64, races[races.len() - 1].0 as f64);
    let path = docs.join(format!("{name}.svg"));
    let root = SVGBackend::new(&path, (960, 560)).into_drawing_area();
    root.fill(&WHITE).expect("a file");
    let (left, right) = root.split_horizontally(740);
    let mut chart = ChartBuilder::on(&left)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(42)
        .y_label_area_size(60)
        .build_cartesian_2d((first..last).log_scale(), (low * 0.8..high * 1.25).log_scale())
        .expect("ranges");
    chart
        .configure_mesh()
        .x_desc("payload bytes")
        .y_desc("GB/s")
        .x_label_formatter(&|x| decimal(*x))
        .y_label_formatter(&|y| format!("{y}"))
        .light_line_style(WHITE)
        .draw()
        .expect("a mesh");
    for (at, name) in names.iter().enumerate() {
        let is_ours = *name == ours::NAME;
        let is_floor = races.iter().filter_map(|(_, race)| race.row(name)).any(|row| row.is_floor);
        let colour = if is_ours || is_floor { BLACK } else { COLOURS[at % COLOURS.len()] };
        let style = colour.stroke_width(if is_ours {
            4
        } else if is_floor {
            1
        } else {
            2
        });
        chart.draw_series(LineSeries::new(line(name), style)).expect("a line");
        let y = 50 + 24 * at as i32;
        right.draw(&PathElement::new(vec![(0, y), (24, y)], style)).expect("a line");
        right.draw(&Text::new((*name).to_owned(), (30, y - 8), ("sans-serif", 14))).expect("a name");
    }
    root.present().expect("a file");
}

/// A power of ten as people write it.
fn decimal(value: f64) -> String {
    match value {
        v if v < 1e3 => format!("{v}"),
        v if v < 1e6 => format!("{} k", v / 1e3),
        v => format!("{} M", v / 1e6),
    }
}
