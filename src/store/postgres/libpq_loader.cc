// Defines the functions of libpq that the driver calls; each finds the real one on its first call.
// The driver includes libpq-fe.h and calls them by their own names, as if it were linked to it.
#include "store/postgres/libpq_loader.h"

#include <dlfcn.h>
#include <libpq-fe.h>

namespace agentauth {
namespace {

void* library() {
  static void* const handle = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
  return handle;
}

// load_libpq() has succeeded before anything is called, and libpq drops no function of version 5.
template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(dlsym(library(), name));
}

}  // namespace

Result<void> load_libpq() {
  if (library() == nullptr)
    return failure(
        Errc::unavailable,
        "PostgreSQL needs libpq (Debian: apt-get install libpq5), which cannot be loaded",
        dlerror());
  return {};
}

}  // namespace agentauth

#define FORWARD(result, name, parameters, arguments)                           \
  result name parameters {                                                     \
    static const auto function = agentauth::real<result(*) parameters>(#name); \
    return function arguments;                                                 \
  }

// The declarations are libpq's, the names here are ours.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" {
FORWARD(PGconn*, PQconnectdbParams,
        (const char* const* names, const char* const* values, int expand), (names, values, expand))
FORWARD(void, PQfinish, (PGconn * connection), (connection))
FORWARD(ConnStatusType, PQstatus, (const PGconn* connection), (connection))
FORWARD(PGTransactionStatusType, PQtransactionStatus, (const PGconn* connection), (connection))
FORWARD(int, PQserverVersion, (const PGconn* connection), (connection))
FORWARD(char*, PQerrorMessage, (const PGconn* connection), (connection))
FORWARD(int, PQsocket, (const PGconn* connection), (connection))
FORWARD(PQnoticeProcessor, PQsetNoticeProcessor,
        (PGconn * connection, PQnoticeProcessor processor, void* context),
        (connection, processor, context))
FORWARD(PQconninfoOption*, PQconninfoParse, (const char* text, char** error), (text, error))
FORWARD(void, PQconninfoFree, (PQconninfoOption * options), (options))
FORWARD(void, PQfreemem, (void* memory), (memory))

FORWARD(int, PQsendQuery, (PGconn * connection, const char* query), (connection, query))
FORWARD(int, PQsendPrepare,
        (PGconn * connection, const char* name, const char* query, int count, const Oid* types),
        (connection, name, query, count, types))
FORWARD(int, PQsendQueryPrepared,
        (PGconn * connection, const char* name, int count, const char* const* values,
         const int* lengths, const int* formats, int result_format),
        (connection, name, count, values, lengths, formats, result_format))
FORWARD(int, PQsetSingleRowMode, (PGconn * connection), (connection))
FORWARD(int, PQconsumeInput, (PGconn * connection), (connection))
FORWARD(int, PQisBusy, (PGconn * connection), (connection))
FORWARD(PGnotify*, PQnotifies, (PGconn * connection), (connection))
FORWARD(PGresult*, PQgetResult, (PGconn * connection), (connection))

FORWARD(ExecStatusType, PQresultStatus, (const PGresult* result), (result))
FORWARD(char*, PQresultErrorField, (const PGresult* result, int field), (result, field))
FORWARD(char*, PQcmdStatus, (PGresult * result), (result))
FORWARD(char*, PQcmdTuples, (PGresult * result), (result))
FORWARD(char*, PQgetvalue, (const PGresult* result, int row, int column), (result, row, column))
FORWARD(int, PQgetlength, (const PGresult* result, int row, int column), (result, row, column))
FORWARD(int, PQgetisnull, (const PGresult* result, int row, int column), (result, row, column))
FORWARD(void, PQclear, (PGresult * result), (result))
}  // extern "C"

#undef FORWARD
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
