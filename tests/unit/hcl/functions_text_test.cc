// String, pattern, format and encoding functions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/hcl/evaluating.h"

namespace yurt::hcl {
namespace {

using testing::HasSubstr;

TEST(StringFunctions, change_case_by_unicode) {
  EXPECT_EQ(eval("upper(\"a\u00e9\u00df\")"), "\"A\u00c9\u00df\"");
  EXPECT_EQ(eval("lower(\"A\u00c9\")"), "\"a\u00e9\"");
  EXPECT_EQ(eval("title(\"hello wide_world x-y\")"), "\"Hello Wide_world X-Y\"");
}

TEST(StringFunctions, count_characters_as_people_do) {
  EXPECT_EQ(eval("strlen(\"e\u0301\U0001F469\u200D\U0001F4BBa\")"), "3");
  EXPECT_EQ(eval("strlen(\"\U0001F1E9\U0001F1EA\U0001F1EB\U0001F1F7\")"), "2");
  EXPECT_EQ(eval("strrev(\"ae\u0301\")"), "\"e\u0301a\"");
  EXPECT_EQ(eval("reverse(\"abc\")"), "\"cba\"");
  EXPECT_EQ(eval("substr(\"h\u00e9llo\", 1, 3)"), "\"\u00e9ll\"");
  EXPECT_EQ(eval("substr(\"hello\", -3, -1)"), "\"llo\"");
  EXPECT_EQ(eval("substr(\"hello\", 9, 1)"), "\"\"");
  EXPECT_THAT(eval("substr(\"hello\", 0.5, 1)"), HasSubstr("offset must be a whole number"));
}

TEST(StringFunctions, trim) {
  EXPECT_EQ(eval("chomp(\"a\\r\\n\\n\")"), "\"a\"");
  EXPECT_EQ(eval("trim(\"?!hello?!\", \"!?\")"), "\"hello\"");
  EXPECT_EQ(eval("trimspace(\" \\t a b \\n\")"), "\"a b\"");
  EXPECT_EQ(eval("trimprefix(\"helloworld\", \"hello\")"), "\"world\"");
  EXPECT_EQ(eval("trimsuffix(\"helloworld\", \"world\")"), "\"hello\"");
  EXPECT_EQ(eval("trimsuffix(\"hello\", \"x\")"), "\"hello\"");
}

TEST(StringFunctions, split_and_join) {
  EXPECT_EQ(eval("split(\",\", \"a,b,\")"), "[\"a\",\"b\",\"\"]");
  EXPECT_EQ(eval("split(\",\", \"\")"), "[\"\"]");
  EXPECT_EQ(eval("split(\"\", \"ab\")"), "[\"a\",\"b\"]");
  EXPECT_EQ(eval("join(\"-\", [\"a\", 1], [true])"), "\"a-1-true\"");
  EXPECT_EQ(eval("join(\"-\", [])"), "\"\"");
  EXPECT_THAT(eval("join(\"-\", [null])"), HasSubstr("element 0 is null"));
  EXPECT_THAT(eval("join(\"-\")"), HasSubstr("at least one list"));
}

TEST(StringFunctions, replace_and_indent) {
  EXPECT_EQ(eval("replace(\"1 + 2 + 3\", \"+\", \"-\")"), "\"1 - 2 - 3\"");
  EXPECT_EQ(eval("replace(\"ab\", \"\", \"-\")"), "\"-a-b-\"");
  EXPECT_EQ(eval("indent(2, \"a\\nb\\n\\nc\")"), "\"a\\n  b\\n  \\n  c\"");
  EXPECT_THAT(eval("indent(-1, \"a\")"), HasSubstr("whole number of spaces"));
}

TEST(RegexReplace, fills_in_groups_by_number_and_name) {
  EXPECT_EQ(eval("regex_replace(\"hello world\", \"o\", \"0\")"), "\"hell0 w0rld\"");
  EXPECT_EQ(eval("regex_replace(\"ab12\", \"([a-z]+)([0-9]+)\", \"$2-$1\")"), "\"12-ab\"");
  EXPECT_EQ(eval("regex_replace(\"ab\", \"(?P<first>a)b\", \"$${first}x$$$\")"), "\"ax$$\"");
  EXPECT_EQ(eval("regex_replace(\"ab\", \"(a)\", \"$1x\")"), "\"b\"");  // no group "1x"
  EXPECT_EQ(eval("regex_replace(\"abc\", \"x*\", \"-\")"), "\"-a-b-c-\"");
  EXPECT_EQ(eval("regex_replace(\"baaac\", \"a*\", \"x\")"), "\"xbxcx\"");
}

TEST(RegexReplace, refuses_a_bad_pattern_and_survives_a_nasty_one) {
  EXPECT_THAT(eval("regex_replace(\"a\", \"(\", \"\")"), HasSubstr("invalid regexp pattern"));
  EXPECT_EQ(eval("regex_replace(\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\", \"(a*)*c\", \"\")"),
            "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"");
}

TEST(Format, knows_the_verbs) {
  EXPECT_EQ(eval("format(\"%s is %d\", \"x\", 5)"), "\"x is 5\"");
  EXPECT_EQ(eval("format(\"%v %v %v %v\", \"a\", 1.5, true, [1])"), "\"a 1.5 true [1]\"");
  EXPECT_EQ(eval("format(\"%#v\", \"a\")"), "\"\\\"a\\\"\"");
  EXPECT_EQ(eval("format(\"%t %q\", \"true\", \"a\\\"b\")"), "\"true \\\"a\\\\\\\"b\\\"\"");
  EXPECT_EQ(eval("format(\"%b %o %x %X\", 5, 8, 255, 255)"), "\"101 10 ff FF\"");
  EXPECT_EQ(eval("format(\"%f %.2f %e\", 1.5, 2.345, 12)"), "\"1.500000 2.35 1.200000e+01\"");
  EXPECT_EQ(eval("format(\"%g %g\", 0.1, 12345678)"), "\"0.1 1.2345678e+07\"");
  EXPECT_EQ(eval("format(\"100%%\")"), "\"100%\"");
}

TEST(Format, knows_flags_width_precision_and_argument_numbers) {
  EXPECT_EQ(eval("format(\"%5d|%-5d|%05d|%+d|% d\", 42, 42, -42, 42, 42)"),
            "\"   42|42   |-0042|+42| 42\"");
  EXPECT_EQ(eval("format(\"%5s|%-5s|%.2s\", \"ab\", \"ab\", \"abc\")"), "\"   ab|ab   |ab\"");
  EXPECT_EQ(eval("format(\"%[2]s %[1]s\", \"a\", \"b\")"), "\"b a\"");
  EXPECT_EQ(eval("format(\"%#x\", 255)"), "\"0xff\"");
}

TEST(Format, says_which_verb_is_wrong) {
  EXPECT_THAT(eval("format(\"%d\", \"x\")"),
              HasSubstr("unsupported value for \"%d\" at 0: a number is required"));
  EXPECT_THAT(eval("format(\"%d\", 1.5)"), HasSubstr("a whole number is required"));
  EXPECT_THAT(eval("format(\"a %d\")"),
              HasSubstr("not enough arguments for \"%d\" at 2: need index 1 but have 0 total"));
  EXPECT_THAT(eval("format(\"%d\", 1, 2)"), HasSubstr("only 1 used by format string"));
  EXPECT_THAT(eval("format(\"x\", 1)"), HasSubstr("no verbs in format string"));
  EXPECT_THAT(eval("format(\"%z\", 1)"), HasSubstr("unrecognized format character \"z\""));
  EXPECT_THAT(eval("format(\"%\", 1)"), HasSubstr("unfinished format verb"));
  EXPECT_THAT(eval("format(\"%s\", null)"), HasSubstr("null value cannot be formatted"));
  EXPECT_THAT(eval("format(\"%99999999d\", 1)"), HasSubstr("more than 10000"));
}

TEST(FormatList, walks_its_lists_in_step) {
  EXPECT_EQ(eval("formatlist(\"%s:%d%s\", [\"a\", \"b\"], [1, 2], \"!\")"), "[\"a:1!\",\"b:2!\"]");
  EXPECT_EQ(eval("formatlist(\"x\")"), "[\"x\"]");
  EXPECT_EQ(eval("formatlist(\"%s\", [])"), "[]");
  EXPECT_THAT(
      eval("formatlist(\"%s%s\", [1], [1, 2])"),
      HasSubstr("argument 2 has length 2, which is inconsistent with argument 1 of length 1"));
  EXPECT_THAT(eval("formatlist(\"%d\", [1, \"x\"])"), HasSubstr("iteration 1"));
}

TEST(Encoding, base64) {
  EXPECT_EQ(eval("base64encode(\"h\u00e9\")"), "\"aMOp\"");
  EXPECT_EQ(eval("base64decode(\"aMOp\")"), "\"h\u00e9\"");
  EXPECT_THAT(eval("base64decode(\"*\")"), HasSubstr("failed to decode base64"));
  EXPECT_THAT(eval("base64decode(\"/w==\")"), HasSubstr("not valid UTF-8"));
}

TEST(Encoding, json) {
  EXPECT_EQ(eval("jsonencode({b = 1, a = [true, null, \"<&>\"]})"),
            R"("{\"a\":[true,null,\"\\u003c\\u0026\\u003e\"],\"b\":1}")");
  EXPECT_EQ(eval("jsonencode(1.50)"), "\"1.5\"");
  EXPECT_EQ(eval(R"x(jsondecode("{\"a\": [1, \"b\", null, 1e2], \"c\": {}}"))x"),
            R"({"a":[1,"b",null,100],"c":{}})");
  EXPECT_THAT(eval("jsondecode(\"{\")"), HasSubstr("invalid JSON at line 1, column 2"));
  EXPECT_THAT(eval("jsondecode(\"\")"), HasSubstr("Expected a JSON value"));
}

TEST(Encoding, url) {
  EXPECT_EQ(eval("urlencode(\"a b/\u00e9&-_.~\")"), "\"a+b%2F%C3%A9%26-_.~\"");
}

TEST(Encoding, csv) {
  EXPECT_EQ(eval(R"x(csvdecode("a,b\n1,\"x\n\"\"y\"\"\"\n\n3,4\r\n"))x"),
            R"([{"a":"1","b":"x\n\"y\""},{"a":"3","b":"4"}])");
  EXPECT_EQ(eval("csvdecode(\"a,b\")"), "[]");
  EXPECT_THAT(eval("csvdecode(\"\")"), HasSubstr("missing header line"));
  EXPECT_THAT(eval("csvdecode(\"a,a\\n1,2\")"), HasSubstr("duplicate column name \"a\""));
  EXPECT_THAT(eval("csvdecode(\"a,b\\n1\")"), HasSubstr("line 2: wrong number of fields"));
  EXPECT_THAT(eval(R"x(csvdecode("a\n\"x"))x"), HasSubstr("quoted field"));
  EXPECT_THAT(eval(R"x(csvdecode("a\nx\"y"))x"), HasSubstr("non-quoted field"));
}

TEST(Encoding, yaml_out) {
  EXPECT_EQ(eval("yamlencode({foo = [1, {a = \"b\", c = \"d\"}, 3], bar = \"baz\"}) == <<EOT\n"
                 "\"bar\": \"baz\"\n\"foo\":\n- 1\n- \"a\": \"b\"\n  \"c\": \"d\"\n- 3\nEOT\n"),
            "true");
  EXPECT_EQ(eval("yamlencode({a = {b = [], c = {}}, n = null, t = true})"),
            R"("\"a\":\n  \"b\": []\n  \"c\": {}\n\"n\": null\n\"t\": true\n")");
  EXPECT_EQ(eval("yamlencode([[1, 2], []])"), R"("- - 1\n  - 2\n- []\n")");
  EXPECT_EQ(eval("yamlencode({t = \"x\\n\\ny\\n\"})"), R"("\"t\": |\n  x\n\n  y\n")");
  EXPECT_EQ(eval("yamlencode({t = \"x\\ny\"})"), R"("\"t\": |-\n  x\n  y\n")");
  EXPECT_EQ(eval("yamlencode(\"a\\tb\")"), R"("\"a\\tb\"\n")");
}

TEST(Encoding, yaml_in) {
  EXPECT_EQ(eval("yamldecode(\"a: 1\\nb: [x, ~, true, 1.5, 0x10, '7']\\n\")"),
            R"({"a":1,"b":["x",null,true,1.5,16,"7"]})");
  EXPECT_EQ(eval("yamldecode(\"d: &x {p: 1, q: 2}\\ne:\\n  <<: *x\\n  q: 3\\n\")"),
            R"({"d":{"p":1,"q":2},"e":{"p":1,"q":3}})");
  EXPECT_EQ(eval("yamldecode(\"\")"), "null");
  EXPECT_EQ(eval("yamldecode(\"yes\")"), "\"yes\"");
  EXPECT_THAT(eval("yamldecode(\"a: [\")"), HasSubstr("failed: on line"));
  EXPECT_THAT(eval("yamldecode(\"a\\n---\\nb\")"), HasSubstr("only a single document"));
  EXPECT_THAT(eval("yamldecode(\"!foo x\")"), HasSubstr("unsupported tag"));
}

TEST(Encoding, yaml_aliases_cannot_explode) {
  std::string text = "a: &a [x, x, x, x, x, x, x, x, x, x]\\n";
  for (char c = 'b'; c < 'k'; ++c) {
    const std::string before(1, static_cast<char>(c - 1)), now(1, c);
    text += now + ": &" + now + " [*" + before;
    for (int i = 0; i < 9; ++i) text += ", *" + before;
    text += "]\\n";
  }
  const auto context =
      EvalContext::create({}, test_functions(), UnknownRoots::keep_as_text, {4 << 20});
  EXPECT_THAT(eval("yamldecode(\"" + text + "\")", context), HasSubstr("too large"));
}

}  // namespace
}  // namespace yurt::hcl
