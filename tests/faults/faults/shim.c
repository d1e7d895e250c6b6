// Stands between the server and the C library (LD_PRELOAD): a disk that is full, fails or loses
// power, and a clock that jumps. What it does is in a page of memory that the test writes.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// In the order of shim.py.
struct orders {
  volatile int32_t write_errno;        // what writes to the database fail with
  volatile int32_t sync_errno;         // the same for fsync and fdatasync
  volatile int32_t writes_until_torn;  // that write is half done, and the power goes; 0: never
  volatile int32_t failed;             // how often it was obeyed
  volatile int64_t clock_offset;       // seconds
};

static struct orders none;
static struct orders* orders = &none;

__attribute__((constructor)) static void open_orders(void) {
  const char* path = getenv("FAULTS_ORDERS");
  const int file = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return;
  void* page = mmap(NULL, sizeof(struct orders), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (page != MAP_FAILED) orders = page;
  close(file);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

// Only the database and what SQLite keeps beside it: logs and sockets are not its disk.
static int is_database(int descriptor) {
  char link[64], path[1024];
  char digits[16];
  int value = descriptor, at = sizeof(digits) - 1;
  digits[at] = 0;
  do digits[--at] = (char)('0' + value % 10);
  while ((value /= 10) > 0);
  strcpy(link, "/proc/self/fd/");
  strcat(link, digits + at);
  const ssize_t length = readlink(link, path, sizeof(path) - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return strstr(path, "agentauth.db") != NULL;
}

static int refuse(int code) {
  __sync_fetch_and_add(&orders->failed, 1);
  errno = code;
  return -1;
}

ssize_t pwrite64(int descriptor, const void* data, size_t count, off64_t offset) {
  static __typeof__(&pwrite64) real;
  if (real == NULL) real = REAL(pwrite64);
  if ((orders->write_errno || orders->writes_until_torn) && is_database(descriptor)) {
    if (orders->write_errno) return refuse(orders->write_errno);
    if (__sync_sub_and_fetch(&orders->writes_until_torn, 1) == 0) {
      real(descriptor, data, count / 2, offset);
      __sync_fetch_and_add(&orders->failed, 1);
      kill(getpid(), SIGKILL);
    }
  }
  return real(descriptor, data, count, offset);
}

ssize_t pwrite(int descriptor, const void* data, size_t count, off_t offset) {
  return pwrite64(descriptor, data, count, offset);
}

int fsync(int descriptor) {
  static __typeof__(&fsync) real;
  if (real == NULL) real = REAL(fsync);
  if (orders->sync_errno && is_database(descriptor)) return refuse(orders->sync_errno);
  return real(descriptor);
}

int fdatasync(int descriptor) {
  static __typeof__(&fdatasync) real;
  if (real == NULL) real = REAL(fdatasync);
  if (orders->sync_errno && is_database(descriptor)) return refuse(orders->sync_errno);
  return real(descriptor);
}

// The steady clocks stay: the kernel does not let them jump either.
int clock_gettime(clockid_t clock, struct timespec* out) {
  static __typeof__(&clock_gettime) real;
  if (real == NULL) real = REAL(clock_gettime);
  const int done = real(clock, out);
  if (done == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    out->tv_sec += orders->clock_offset;
  return done;
}

time_t time(time_t* out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}

int gettimeofday(struct timeval* out, void* zone) {
  static __typeof__(&gettimeofday) real;
  if (real == NULL) real = REAL(gettimeofday);
  const int done = real(out, zone);
  if (done == 0) out->tv_sec += orders->clock_offset;
  return done;
}
