//! Pure functions on bytes.

mod mask;
