#pragma once
/// Somebody with a login at a Grafana, with a program of their own: sends what they like and sees what comes back.
///   Threads: one at a time.

#include <cstdint>
#include <memory>
#include <string>

#include "base/http_client.h"

namespace pv::testing {

class Person {
 public:
  /// `organization` 0: the one that they use at the moment.
  Person(const std::string& url, std::string login, std::string password, std::int64_t organization = 0);
  /// Fails the program when there is no answer.
  HttpResponse ask(const std::string& method, const std::string& target, const std::string& body = {});

 private:
  std::unique_ptr<HttpClient> http_;
  std::string login_, password_;
  std::int64_t organization_;
};

}  // namespace pv::testing
