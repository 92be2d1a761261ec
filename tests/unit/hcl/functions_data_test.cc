// Numeric, collection, set, date, network and hash functions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>

#include "base/base64.h"
#include "tests/unit/hcl/evaluating.h"

namespace yurt::hcl {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

TEST(NumericFunctions, compute) {
  EXPECT_EQ(eval("[abs(-1.5), ceil(1.2), floor(-1.2), signum(-3), signum(0)]"), "[1.5,2,-2,-1,0]");
  EXPECT_EQ(eval("[max(1, 12, 3), min(1, -2.5)]"), "[12,-2.5]");
  EXPECT_EQ(eval("[pow(2, 10), pow(4, 0.5), pow(2, -1), pow(3, 100)]"),
            "[1024,2,0.5,515377520732011331036461129765621272702107522001]");
  EXPECT_EQ(eval("log(16, 2)"), "4");
  EXPECT_EQ(eval("[parseint(\"ff\", 16), parseint(\"-101\", 2), parseint(\"zZ\", 62)]"),
            "[255,-5,2231]");
}

TEST(NumericFunctions, refuse_what_has_no_result) {
  EXPECT_THAT(eval("max()"), HasSubstr("at least one number"));
  EXPECT_THAT(eval("log(0, 2)"), HasSubstr("not a finite number"));
  EXPECT_THAT(eval("pow(0, -1)"), HasSubstr("not a finite number"));
  EXPECT_THAT(eval("pow(10, 1000000)"), HasSubstr("out of range"));
  EXPECT_THAT(eval("parseint(\"12\", 2)"), HasSubstr("cannot parse \"12\" as a base 2 integer"));
  EXPECT_THAT(eval("parseint(\"1\", 1)"), HasSubstr("between 2 and 62"));
  EXPECT_THAT(eval("parseint(5, 10)"), HasSubstr("must be a string, not number"));
}

TEST(SequenceFunctions, take_lists_apart) {
  EXPECT_EQ(eval("chunklist([1, 2, 3], 2)"), "[[1,2],[3]]");
  EXPECT_EQ(eval("chunklist([1, 2], 0)"), "[[1,2]]");
  EXPECT_EQ(eval("slice([1, 2, 3], 1, 3)"), "[2,3]");
  EXPECT_EQ(eval("element([\"a\", \"b\"], 3)"), "\"b\"");
  EXPECT_EQ(eval("index([\"a\", \"b\"], 1)"), "\"b\"");
  EXPECT_EQ(eval("index([\"a\", \"b\"], \"b\")"), "1");
  EXPECT_EQ(eval("index({a = 5}, \"a\")"), "5");
  EXPECT_EQ(eval("[length([1]), length({a = 1}), length(setunion([1, 1]))]"), "[1,1,1]");
  EXPECT_EQ(eval("contains([1, \"a\"], \"a\")"), "true");
  EXPECT_EQ(eval("contains([\"1\"], 1)"), "false");
}

TEST(SequenceFunctions, put_lists_together) {
  EXPECT_EQ(eval("concat([1], [\"a\"], [])"), "[1,\"a\"]");
  EXPECT_EQ(eval("flatten([[1, [2]], [], 3])"), "[1,2,3]");
  EXPECT_EQ(eval("distinct([2, 1, 2, \"2\"])"), "[2,1,\"2\"]");
  EXPECT_EQ(eval("compact([\"a\", \"\", null, \"b\"])"), "[\"a\",\"b\"]");
  EXPECT_EQ(eval("sort([\"b\", \"a\", 10, 9])"), "[\"10\",\"9\",\"a\",\"b\"]");
  EXPECT_EQ(eval("coalesce(null, 1, 2)"), "1");
  EXPECT_EQ(eval("coalesce(null, 1, \"a\")"), "\"1\"");
  EXPECT_EQ(eval("coalescelist([], [1], [2])"), "[1]");
  EXPECT_EQ(eval("range(3)"), "[0,1,2]");
  EXPECT_EQ(eval("[range(1, 4), range(4, 1), range(1, 8, 3), range(1, 1)]"),
            "[[1,2,3],[4,3,2],[1,4,7],[]]");
}

TEST(SequenceFunctions, say_what_they_need) {
  EXPECT_THAT(eval("chunklist(1, 2)"), HasSubstr("a list, set or tuple is required, not number"));
  EXPECT_THAT(eval("slice([1], 0, 2)"), HasSubstr("end index must not be greater"));
  EXPECT_THAT(eval("slice([1], -1, 1)"), HasSubstr("must not be less than zero"));
  EXPECT_THAT(eval("slice([1, 2], 2, 1)"), HasSubstr("must not be less than start index"));
  EXPECT_THAT(eval("element([], 0)"), HasSubstr("empty list"));
  EXPECT_THAT(eval("element([1], -1)"), HasSubstr("negative index"));
  EXPECT_THAT(eval("index([1], 5)"), HasSubstr("invalid index"));
  EXPECT_THAT(eval("index([\"a\"], \"b\")"), HasSubstr("item not found"));
  EXPECT_THAT(eval("length(\"abc\")"), HasSubstr("use strlen"));
  EXPECT_THAT(eval("coalesce(null)"), HasSubstr("no non-null arguments"));
  EXPECT_THAT(eval("coalescelist([])"), HasSubstr("non-empty"));
  EXPECT_THAT(eval("range(0, 2000)"), HasSubstr("more than 1024 values"));
  EXPECT_THAT(eval("range(1, 2, 0)"), HasSubstr("step must not be zero"));
  EXPECT_THAT(eval("range(1, 3, -1)"), HasSubstr("greater than zero"));
  EXPECT_THAT(eval("sort([null])"), HasSubstr("cannot sort null"));
}

TEST(MappingFunctions, work_by_key) {
  EXPECT_EQ(eval("keys({b = 1, a = 2})"), "[\"a\",\"b\"]");
  EXPECT_EQ(eval("values({b = 1, a = 2})"), "[2,1]");
  EXPECT_EQ(eval("lookup({a = 1}, \"a\", 5)"), "1");
  EXPECT_EQ(eval("lookup({a = 1}, \"b\", 5)"), "5");
  EXPECT_EQ(eval("merge({a = 1, b = 2}, null, {b = \"x\"})"), "{\"a\":1,\"b\":\"x\"}");
  EXPECT_EQ(eval("merge()"), "{}");
  EXPECT_EQ(eval("zipmap([\"a\", \"b\"], [1, true])"), "{\"a\":1,\"b\":true}");
  EXPECT_THAT(eval("keys([])"), HasSubstr("a map or object is required"));
  EXPECT_THAT(eval("lookup({}, \"a\")"), HasSubstr("no default was given"));
  EXPECT_THAT(eval("merge({}, 1)"), HasSubstr("must be maps or objects, got number"));
  EXPECT_THAT(eval("zipmap([\"a\"], [])"),
              HasSubstr("number of keys (1) does not match number of values (0)"));
}

TEST(SetFunctions, combine_sets) {
  EXPECT_EQ(eval("setunion([1, 2], [2, 3])"), "[1,2,3]");
  EXPECT_EQ(eval("setintersection([\"a\", \"b\"], [\"b\", \"c\"])"), "[\"b\"]");
  EXPECT_EQ(eval("setproduct([\"a\", \"b\"], [1, 2])"),
            "[[\"a\",1],[\"a\",2],[\"b\",1],[\"b\",2]]");
  EXPECT_EQ(eval("setproduct([], [1])"), "[]");
  EXPECT_THAT(eval("setproduct([1])"), HasSubstr("at least two"));
  EXPECT_THAT(eval("setunion(1)"), HasSubstr("a set is required"));
  EXPECT_THAT(eval("setproduct(range(1000), range(1000), range(1000), range(1000))"),
              HasSubstr("too large"));
}

TEST(DateFunctions, format_by_their_verbs) {
  const std::string time = "\"2018-01-02T23:12:01Z\"";
  EXPECT_EQ(eval("formatdate(\"DD MMM YYYY hh:mm ZZZ\", " + time + ")"),
            "\"02 Jan 2018 23:12 UTC\"");
  EXPECT_EQ(eval("formatdate(\"EEEE, DD-MMM-YY hh:mm:ss ZZZ\", " + time + ")"),
            "\"Tuesday, 02-Jan-18 23:12:01 UTC\"");
  EXPECT_EQ(eval("formatdate(\"EEE MMMM M D H:m AA aa s ''\", " + time + ")"),
            "\"Tue January 1 2 11:12 PM pm 1 \"");
  EXPECT_EQ(eval("formatdate(\"h'h'mm'''x'\", " + time + ")"), "\"23h12'x\"");
  EXPECT_EQ(
      eval("formatdate(\"YYYY-MM-DD'T'hh:mm:ssZ|ZZZZ|ZZZZZ\", \"2020-02-29T01:02:03-07:30\")"),
      "\"2020-02-29T01:02:03-07:30|-0730|-07:30\"");
  EXPECT_THAT(eval("formatdate(\"YYY\", " + time + ")"), HasSubstr("\"YYY\": year must either"));
  EXPECT_THAT(eval("formatdate(\"x\", " + time + ")"), HasSubstr("single quotes"));
  EXPECT_THAT(eval("formatdate(\"'x\", " + time + ")"), HasSubstr("unterminated literal"));
  EXPECT_THAT(eval("formatdate(\"YYYY\", \"2018-02-30T00:00:00Z\")"), HasSubstr("RFC3339"));
}

TEST(DateFunctions, add_durations) {
  EXPECT_EQ(eval("timeadd(\"2017-11-22T00:00:00Z\", \"10m\")"), "\"2017-11-22T00:10:00Z\"");
  EXPECT_EQ(eval("timeadd(\"2020-02-28T23:59:59.5+02:00\", \"0.5s\")"),
            "\"2020-02-29T00:00:00+02:00\"");
  EXPECT_EQ(eval("timeadd(\"2000-01-01T00:00:00Z\", \"-1ns\")"), "\"1999-12-31T23:59:59Z\"");
  EXPECT_THAT(eval("timeadd(\"2000-01-01T00:00:00Z\", \"1 day\")"), HasSubstr("unit"));
  EXPECT_THAT(eval("timeadd(\"9999-12-31T23:59:59Z\", \"1s\")"), HasSubstr("9999"));
  EXPECT_THAT(eval("timeadd(\"now\", \"1s\")"), HasSubstr("RFC3339"));
}

TEST(NetworkFunctions, compute_addresses) {
  EXPECT_EQ(eval("cidrhost(\"10.12.112.0/20\", 16)"), "\"10.12.112.16\"");
  EXPECT_EQ(eval("cidrhost(\"10.12.112.0/20\", -2)"), "\"10.12.127.254\"");
  EXPECT_EQ(eval("cidrhost(\"fd00:fd12:3456:7890:00a2::/72\", 34)"), "\"fd00:fd12:3456:7890::22\"");
  EXPECT_EQ(eval("cidrnetmask(\"172.16.0.0/12\")"), "\"255.240.0.0\"");
  EXPECT_EQ(eval("cidrnetmask(\"0.0.0.0/0\")"), "\"0.0.0.0\"");
  EXPECT_EQ(eval("cidrsubnet(\"172.16.0.0/12\", 4, 2)"), "\"172.18.0.0/16\"");
  EXPECT_EQ(eval("cidrsubnet(\"fd00:fd12:3456:7890::/56\", 16, 162)"),
            "\"fd00:fd12:3456:7800:a200::/72\"");
  EXPECT_EQ(eval("cidrsubnets(\"10.1.0.0/16\", 4, 4, 8, 4)"),
            R"(["10.1.0.0/20","10.1.16.0/20","10.1.32.0/24","10.1.48.0/20"])");
  EXPECT_EQ(eval("cidrsubnets(\"10.0.0.0/31\", 1, 1)"), R"(["10.0.0.0/32","10.0.0.1/32"])");
}

TEST(NetworkFunctions, refuse_what_does_not_fit) {
  EXPECT_THAT(eval("cidrhost(\"10.0.0.0/24\", 256)"),
              HasSubstr("prefix of 24 does not accommodate a host numbered 256"));
  EXPECT_THAT(eval("cidrhost(\"10.0.0.0/24\", -257)"), HasSubstr("numbered -257"));
  EXPECT_THAT(eval("cidrsubnet(\"10.0.0.0/24\", 9, 0)"),
              HasSubstr("insufficient address space to extend prefix of 24 by 9"));
  EXPECT_THAT(eval("cidrsubnet(\"10.0.0.0/24\", 2, 4)"),
              HasSubstr("does not accommodate a subnet numbered 4"));
  EXPECT_THAT(eval("cidrsubnets(\"10.0.0.0/31\", 1, 1, 1)"), HasSubstr("not enough remaining"));
  EXPECT_THAT(eval("cidrnetmask(\"::/0\")"), HasSubstr("IPv6"));
  for (const char* bad :
       {"10.0.0.0", "10.0.0/8", "10.0.0.0/33", "10.0.0.0/-1", "x/8", "1.2.3.4/8x"}) {
    EXPECT_THAT(eval("cidrnetmask(\"" + std::string(bad) + "\")"), HasSubstr("invalid CIDR"))
        << bad;
  }
}

TEST(HashFunctions, give_hexadecimal) {
  EXPECT_EQ(eval("md5(\"hello world\")"), "\"5eb63bbbe01eeed093cb22bb8f5acdc3\"");
  EXPECT_EQ(eval("sha1(\"hello world\")"), "\"2aae6c35c94fcfb415dbe95f408b9ce91ee846ed\"");
  EXPECT_EQ(eval("sha256(\"hello world\")"),
            "\"b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9\"");
  EXPECT_THAT(eval("sha512(\"\")"), HasSubstr("cf83e1357eefb8bdf1542850d66d8007d620e405"));
}

TEST(Uuids, are_random_or_derived_from_a_name) {
  EXPECT_THAT(
      eval("uuidv4()"),
      MatchesRegex("\"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\""));
  EXPECT_EQ(eval("uuidv5(\"dns\", \"www.terraform.io\")"),
            "\"a5008fae-b28c-5ba5-96cd-82b4c53552d6\"");
  EXPECT_EQ(eval("uuidv5(\"6ba7b810-9dad-11d1-80b4-00c04fd430c8\", \"www.terraform.io\")"),
            "\"a5008fae-b28c-5ba5-96cd-82b4c53552d6\"");
  EXPECT_THAT(eval("uuidv5(\"nope\", \"x\")"), HasSubstr("expected dns, url"));
}

TEST(Bcrypt, hashes_with_a_salt) {
  EXPECT_THAT(eval("bcrypt(\"secret\", 4)"), MatchesRegex("\"\\$2a\\$04\\$[./A-Za-z0-9]{53}\""));
  EXPECT_NE(eval("bcrypt(\"secret\", 4)"), eval("bcrypt(\"secret\", 4)"));
  EXPECT_THAT(eval("bcrypt(\"secret\", 31)"), HasSubstr("between 4 and 12"));
  EXPECT_THAT(eval("bcrypt(join(\"\", [for i in range(73) : \"x\"]))"), HasSubstr("72 bytes"));
}

TEST(RsaDecrypt, reads_what_was_encrypted_for_the_key) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}), EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  ASSERT_EQ(PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr),
            1);
  char* pem_data = nullptr;
  const long pem_size = BIO_get_mem_data(bio.get(), &pem_data);
  const std::string pem(pem_data, static_cast<std::size_t>(pem_size));
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> encryption(
      EVP_PKEY_CTX_new(key.get(), nullptr), EVP_PKEY_CTX_free);
  ASSERT_EQ(EVP_PKEY_encrypt_init(encryption.get()), 1);
  ASSERT_EQ(EVP_PKEY_CTX_set_rsa_padding(encryption.get(), RSA_PKCS1_PADDING), 1);
  const std::string secret = "hunter2";
  std::string cipher(256, '\0');
  std::size_t length = cipher.size();
  ASSERT_EQ(
      EVP_PKEY_encrypt(encryption.get(), reinterpret_cast<unsigned char*>(cipher.data()), &length,
                       reinterpret_cast<const unsigned char*>(secret.data()), secret.size()),
      1);
  const auto context =
      test_context({{"text", Value::string(base64_encode(cipher))}, {"key", Value::string(pem)}});
  EXPECT_EQ(eval("rsadecrypt(var.text, var.key)", context), "\"hunter2\"");
  EXPECT_THAT(eval("rsadecrypt(\"AAAA\", var.key)", context), HasSubstr("failed to decrypt"));
  EXPECT_THAT(eval("rsadecrypt(\"*\", var.key)", context), HasSubstr("base64"));
  EXPECT_THAT(eval("rsadecrypt(var.text, \"nonsense\")", context),
              HasSubstr("failed to parse key"));
}

}  // namespace
}  // namespace yurt::hcl
