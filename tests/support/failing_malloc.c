// Preloaded into a program, lets one allocation fail: of those of at least BRICKLINE_FAIL_SIZE bytes, in the
// order in which they are asked for by all threads, the BRICKLINE_FAIL_AT-th (from 1; 0: none). At exit their
// number is written to the file BRICKLINE_FAIL_COUNT, if it is set.
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);

static atomic_long asked;
static long fail_at;
static size_t least = (size_t)-1;

static int fails(size_t size) {
  if (size < least || atomic_fetch_add(&asked, 1) + 1 != fail_at) return 0;
  errno = ENOMEM;
  return 1;
}

void* malloc(size_t size) { return fails(size) ? NULL : __libc_malloc(size); }
void* calloc(size_t count, size_t size) {
  return fails(size ? count * size : 0) ? NULL : __libc_calloc(count, size);
}
void* realloc(void* old, size_t size) { return fails(size) ? NULL : __libc_realloc(old, size); }
void* memalign(size_t alignment, size_t size) {
  return fails(size) ? NULL : __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** out, size_t alignment, size_t size) {
  void* p = memalign(alignment, size);
  if (!p) return ENOMEM;
  *out = p;
  return 0;
}

__attribute__((constructor)) static void start(void) {
  const char* at = getenv("BRICKLINE_FAIL_AT");
  const char* size = getenv("BRICKLINE_FAIL_SIZE");
  fail_at = at ? atol(at) : 0;
  if (size) least = (size_t)atol(size);
}

__attribute__((destructor)) static void report(void) {
  const char* path = getenv("BRICKLINE_FAIL_COUNT");
  const long count = atomic_load(&asked);
  least = (size_t)-1;
  FILE* file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  fprintf(file, "%ld\n", count);
  fclose(file);
}
