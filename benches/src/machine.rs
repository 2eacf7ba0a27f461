//! What the machine can do at most, measured in the same run: one core's floating-point operations
//! and memory traffic a second.
#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "a function with a target feature is called behind its test")
)]

use std::hint::black_box;
use std::time::Instant;

/// Best of so many tries.
const TRIES: usize = 5;
/// Values in each of the three vectors of the stream: together more than caches hold.
const STREAM: usize = 1 << 25;
/// Values that the multiply-adds run over: they fit into the fastest cache.
const VALUES: usize = 2048;
/// Multiply-adds of each value between loading and storing it; the processor overlaps those of
/// neighbours.
const DEPTH: usize = 16;
/// Passes over the values.
const PASSES: usize = 1 << 12;

/// The machine as measured.
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) features: Vec<&'static str>,
    /// Peak in double precision, operations a second; a fused multiply-add is two.
    pub(crate) peak: f64,
    /// Bytes a second of `a = b + s c` over vectors in memory.
    pub(crate) bandwidth: f64,
}

impl Machine {
    pub(crate) fn measure() -> Self {
        Self { processor: processor(), features: features(), peak: peak(), bandwidth: bandwidth() }
    }
}

/// The processor's name where the system tells it.
fn processor() -> String {
    let told = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = told.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or("unknown processor", |(_, name)| name.trim()).to_owned()
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<&'static str> {
    let known = [
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
    ];
    known.into_iter().filter(|(_, found)| *found).map(|(name, _)| name).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> Vec<&'static str> {
    Vec::new()
}

/// Peak with the widest fused multiply-adds there are.
#[cfg(target_arch = "x86_64")]
fn peak() -> f64 {
    let found = features();
    if found.contains(&"avx512f") {
        // SAFETY: the processor has AVX-512F.
        unsafe { peak_avx512() }
    } else if found.contains(&"fma") && found.contains(&"avx2") {
        // SAFETY: the processor has AVX2 and FMA.
        unsafe { peak_avx2() }
    } else {
        rate::<false>()
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn peak() -> f64 {
    rate::<true>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn peak_avx512() -> f64 {
    rate::<true>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn peak_avx2() -> f64 {
    rate::<true>()
}

/// A multiplication and an addition, in one instruction or in two.
#[inline(always)]
fn step<const FUSED: bool>(x: f64) -> f64 {
    if FUSED { x.mul_add(0.999, 1.0) } else { x * 0.999 + 1.0 }
}

/// Operations a second of steps.
#[inline(always)]
fn rate<const FUSED: bool>() -> f64 {
    let mut values = vec![1.0; VALUES];
    let seconds = shortest(
        #[inline(always)]
        || {
            for _ in 0..PASSES {
                for x in black_box(&mut values).iter_mut() {
                    for _ in 0..DEPTH {
                        *x = step::<FUSED>(*x);
                    }
                }
            }
        },
    );
    (2 * VALUES * DEPTH * PASSES) as f64 / seconds
}

fn bandwidth() -> f64 {
    let (mut a, b, c) = (vec![0.0; STREAM], vec![1.0; STREAM], vec![2.0; STREAM]);
    let scale = black_box(3.0);
    let seconds = shortest(|| {
        a.iter_mut().zip(&b).zip(&c).for_each(|((a, b), c)| *a = b + scale * c);
        black_box(&mut a);
    });
    (3 * size_of::<f64>() * STREAM) as f64 / seconds
}

/// Seconds of the fastest try.
#[inline(always)]
fn shortest<R>(mut work: impl FnMut() -> R) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..TRIES {
        let start = Instant::now();
        black_box(work());
        least = start.elapsed().as_secs_f64().min(least);
    }
    least
}
