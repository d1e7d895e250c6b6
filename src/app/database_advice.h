// What a person is told who starts a command on a database that does not do: which one, and what to
// do about it.
#pragma once

#include <string>

#include "base/result.h"

namespace agentauth::app {

// Adds the URL, its password masked, to the message and a piece of advice to the detail; leaves
// alone what is no trouble of the database's: the master key, the options.
void add_database_advice(Error& error, const std::string& url);

template <class T>
Result<T> with_database_advice(Result<T> result, const std::string& url) {
  if (!result) add_database_advice(result.error(), url);
  return result;
}

}  // namespace agentauth::app
