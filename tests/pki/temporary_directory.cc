#include "tests/pki/temporary_directory.h"

#include <stdlib.h>

#include <fstream>
#include <stdexcept>

namespace session_gateway::pki {

void WriteFile(const std::filesystem::path& path, const std::string& bytes) {
  const std::filesystem::path fresh = path.string() + ".new";
  {
    std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
    std::filesystem::permissions(fresh,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    file << bytes;
    if (!file.flush()) throw std::runtime_error("cannot write " + fresh.string());
  }
  std::filesystem::rename(fresh, path);
}

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "session-gateway-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make the directory " + name);
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryDirectory::Write(const std::string& name, const std::string& bytes) const {
  WriteFile(path_ / name, bytes);
  return (path_ / name).string();
}

CertificateFiles WriteCertificate(const TemporaryDirectory& directory, const std::string& name,
                                  const Certificate& certificate) {
  return {.certificate = directory.Write(name + ".pem", certificate.FullChainPem()),
          .key = directory.Write(name + "_key.pem", certificate.key_pem),
          .root = directory.Write(name + "_ca.pem", certificate.root_pem)};
}

}  // namespace session_gateway::pki
