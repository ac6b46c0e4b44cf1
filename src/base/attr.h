/* Compiler attributes under readable names. gcc and clang only. */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, args) __attribute__((format(printf, text, args)))
#define NORETURN __attribute__((noreturn))
#define CLEANUP(function) __attribute__((cleanup(function)))
#define FALLTHROUGH __attribute__((fallthrough))

#endif
