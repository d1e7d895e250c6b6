#include "http/message.h"

#include <algorithm>

#include "base/encoding.h"

namespace agentauth::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7F;
}

}  // namespace

bool equal_letters(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view to_string(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
    case Method::delete_:
      return "DELETE";
    case Method::options:
      return "OPTIONS";
    case Method::other:
      return "other";
    case Method::any:
      return "ANY";
  }
  return "other";
}

std::optional<std::string_view> Request::find(std::string_view name) const {
  for (const Header& header : headers())
    if (equal_ignoring_case(header.name, name)) return header.value;
  return std::nullopt;
}

std::size_t Request::count(std::string_view name) const {
  const auto all = headers();
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const Header& header) {
    return equal_ignoring_case(header.name, name);
  }));
}

void Request::clear() {
  method = Method::other;
  method_text = path = query = body = {};
  keep_alive = true;
  header_count_ = 0;
}

bool Request::add_header(std::string_view name, std::string_view value) {
  if (header_count_ == headers_.size()) return false;
  headers_[header_count_++] = {name, value};
  return true;
}

void Request::rebase(const char* from, const char* to) {
  const auto move = [&](std::string_view& view) {
    if (view.data() != nullptr) view = {to + (view.data() - from), view.size()};
  };
  move(method_text);
  move(path);
  move(query);
  for (std::size_t i = 0; i < header_count_; ++i) {
    move(headers_[i].name);
    move(headers_[i].value);
  }
}

void forget_answer(std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > answer_bytes_kept) buffer.shrink_to_fit();
}

void Response::clear() {
  status_ = 200;
  content_type_ = {};
  headers_.clear();
  static_body_ = {};
  close_ = false;
  open_ended_ = false;
  forget_answer(body);
}

void Response::add_header(std::string_view name, std::string_view value) {
  headers_.append(name);
  headers_ += ": ";
  if (std::none_of(value.begin(), value.end(), is_control)) {
    headers_.append(value);
  } else {
    std::copy_if(value.begin(), value.end(), std::back_inserter(headers_),
                 [](char c) { return !is_control(c); });
  }
  headers_ += "\r\n";
}

std::string_view Response::serialize(std::string& out, std::string_view date,
                                     Body send_body) const {
  const std::string_view content = static_body_.empty() ? std::string_view(body) : static_body_;
  out += "HTTP/1.1 ";
  decimal_append(status_, out);
  out += ' ';
  out += reason_phrase(status_);
  out += "\r\nDate: ";
  out += date;
  if (!content_type_.empty()) {
    out += "\r\nContent-Type: ";
    out += content_type_;
  }
  // RFC 9110 8.6: no Content-Length with 204.
  if (status_ != 204 && !open_ended_) {
    out += "\r\nContent-Length: ";
    decimal_append(static_cast<std::int64_t>(content.size()), out);
  }
  out += close_ ? "\r\nConnection: close\r\n" : "\r\n";
  out += headers_;
  out += "\r\n";
  if (send_body == Body::omit || status_ == 204) return {};
  if (static_body_.empty()) out += body;
  return static_body_;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

}  // namespace agentauth::http
