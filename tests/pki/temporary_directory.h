// A directory for a test's files, which goes with the object.
//
// Thread rule: one thread per object. Never here: what the files hold.
#pragma once

#include <filesystem>
#include <string>

#include "tests/pki/pki.h"

namespace session_gateway::pki {

// Replaces the file in one step, as those who reload it expect; only its owner may read it.
void WriteFile(const std::filesystem::path& path, const std::string& bytes);

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // The file's path as text, as flags and configurations take it.
  std::string Write(const std::string& name, const std::string& bytes) const;

 private:
  std::filesystem::path path_;
};

struct CertificateFiles {
  std::string certificate;  // NAME.pem, with the chain
  std::string key;          // NAME_key.pem
  std::string root;         // NAME_ca.pem
};
CertificateFiles WriteCertificate(const TemporaryDirectory& directory, const std::string& name,
                                  const Certificate& certificate);

}  // namespace session_gateway::pki
