#pragma once
/// PV_KERNEL marks a hot loop that is compiled twice, for plain x86-64 and for AVX2, and chosen at start-up.

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(PV_NO_CLONES)
#define PV_KERNEL __attribute__((target_clones("default", "avx2")))
#else
#define PV_KERNEL
#endif
