//! Tests of the public API. The modules mirror `src/`.

mod wire;
