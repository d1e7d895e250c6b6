// A certificate and its key on disk, looked at as the server would use them.
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"

namespace agentauth::http {

struct CertificateLife {
  Timestamp begins;
  Timestamp ends;
};

// Of the first certificate in the file, the server's own.
// Errors: invalid_argument, as at the start of a server: unreadable, or not of that key.
Result<CertificateLife> inspect_certificate(const std::string& certificate_file,
                                            const std::string& key_file);

}  // namespace agentauth::http
