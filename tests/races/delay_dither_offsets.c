// To be preloaded (LD_PRELOAD): makes CFITSIO slow at filling its table of dither offsets.
//
// CFITSIO allocates the table (10000 floats) by calloc, makes it visible to all threads and then fills it.
// Here that allocation is given a page that may be read but not written, so that the first store faults; the
// fault's handler sleeps for 20 ms before it allows the store. A thread that does not wait for the table sees
// zeros meanwhile.
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <time.h>

extern void* __libc_calloc(size_t count, size_t size);

enum { kOffsets = 10000, kBytes = 40960 };
static char* table;

static void on_fault(int signal_number, siginfo_t* info, void* context) {
  (void)context;
  const char* address = info->si_addr;
  if (table && address >= table && address < table + kBytes) {
    const struct timespec delay = {0, 20 * 1000 * 1000};
    nanosleep(&delay, NULL);
    mprotect(table, kBytes, PROT_READ | PROT_WRITE);
  } else {
    signal(signal_number, SIG_DFL);  // a fault of its own: dies of it when it is tried again
  }
}

void* calloc(size_t count, size_t size) {
  if (count == kOffsets && size == sizeof(float) && !table) {
    struct sigaction action = {0};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, NULL);
    void* pages = mmap(NULL, kBytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages != MAP_FAILED) return table = pages;
  }
  return __libc_calloc(count, size);
}
