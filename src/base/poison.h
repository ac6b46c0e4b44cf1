/* Marks memory as forbidden under AddressSanitizer; nothing otherwise. For allocators only
 * (arena, secret): p must be aligned to 8 for the marking to be exact.
 */
#ifndef BASE_POISON_H
#define BASE_POISON_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISON_ACTIVE 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define POISON_ACTIVE 1
#endif

#ifdef POISON_ACTIVE
#include <sanitizer/asan_interface.h>
#define poison(p, n) __asan_poison_memory_region((p), (n))
#define unpoison(p, n) __asan_unpoison_memory_region((p), (n))
#define POISON_GAP 16
#else
#define poison(p, n) ((void)(p), (void)(n))
#define unpoison(p, n) ((void)(p), (void)(n))
#define POISON_GAP 0
#endif

#endif
