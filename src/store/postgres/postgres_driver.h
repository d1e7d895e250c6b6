// PostgreSQL 13 or newer: the database that several nodes share.
#pragma once

#include <memory>
#include <string>

#include "store/session.h"

namespace agentauth {

// `url` is libpq's: postgresql://USER@HOST:PORT/NAME?sslmode=verify-full&…; what it leaves out
// comes from the PG… environment variables and ~/.pgpass. Errors: invalid_argument.
Result<std::unique_ptr<Driver>> postgres_driver(std::string url);

}  // namespace agentauth
