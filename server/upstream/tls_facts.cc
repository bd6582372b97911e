#include "server/upstream/tls_facts.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>
#include <ctime>

namespace session_gateway {
namespace {

std::string Printable(const char* bytes, std::size_t size) {
  std::string text(bytes, std::min(size, kFactTextMax));
  for (char& c : text) {
    if (c < 0x20 || c >= 0x7f) c = '?';
  }
  return text;
}

std::string NameText(const X509_NAME* name) {
  const Owned<BIO> text(BIO_new(BIO_s_mem()));
  if (text == nullptr || X509_NAME_print_ex(text.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text.get(), &bytes);
  return Printable(bytes, static_cast<std::size_t>(size));
}

std::string SerialText(X509* certificate) {
  BIGNUM* const number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
  char* const digits = number == nullptr ? nullptr : BN_bn2hex(number);
  std::string text = digits == nullptr ? "" : digits;
  OPENSSL_free(digits);
  BN_free(number);
  text.erase(0, std::min(text.find_first_not_of('0'), text.size()));
  for (char& c : text) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  return Printable(text.data(), text.size());
}

std::string AddressText(const ASN1_OCTET_STRING* address) {
  const unsigned char* bytes = ASN1_STRING_get0_data(address);
  const auto size = static_cast<std::size_t>(ASN1_STRING_length(address));
  if (size == 4) {
    boost::asio::ip::address_v4::bytes_type raw;
    std::copy_n(bytes, raw.size(), raw.begin());
    return boost::asio::ip::address_v4(raw).to_string();
  }
  if (size == 16) {
    boost::asio::ip::address_v6::bytes_type raw;
    std::copy_n(bytes, raw.size(), raw.begin());
    return boost::asio::ip::address_v6(raw).to_string();
  }
  return "?";
}

std::vector<std::string> AlternativeNames(X509* certificate) {
  std::vector<std::string> names;
  auto* all =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all) && names.size() < kFactNamesMax; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
    if (name->type == GEN_DNS) {
      names.push_back("DNS:" +
                      Printable(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                                static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))));
    } else if (name->type == GEN_IPADD) {
      names.push_back("IP:" + AddressText(name->d.iPAddress));
    }
  }
  GENERAL_NAMES_free(all);
  return names;
}

WallTime TimeOf(const ASN1_TIME* time) {
  std::tm parts = {};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return WallTime::clock::from_time_t(::timegm(&parts));
}

}  // namespace

CertificateFacts FactsOf(X509* certificate) {
  CertificateFacts facts;
  facts.subject = NameText(X509_get_subject_name(certificate));
  facts.issuer = NameText(X509_get_issuer_name(certificate));
  facts.serial = SerialText(certificate);
  facts.names = AlternativeNames(certificate);
  facts.not_before = TimeOf(X509_get0_notBefore(certificate));
  facts.not_after = TimeOf(X509_get0_notAfter(certificate));
  ERR_clear_error();
  return facts;
}

}  // namespace session_gateway
