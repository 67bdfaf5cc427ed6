//! The kinds of work, one file each.

pub mod deflate;
pub mod feeding;
pub mod handshake;
pub mod memory;
pub mod receive;
pub mod send;
pub mod unmask;
pub mod utf8;

/// Message sizes of the tables.
pub const SIZES: [usize; 5] = [16, 125, 1 << 10, 16 << 10, 1 << 20];

/// A size as people write it.
pub fn size_name(size: usize) -> String {
    match size {
        0..1024 => format!("{size} B"),
        1024..1_048_576 => format!("{} KiB", size >> 10),
        _ => format!("{} MiB", size >> 20),
    }
}
