#include "templates/template.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

#include "templates/functions.h"

namespace yurt::templates {
namespace {

class StandInProvider final : public Provider {
 public:
  std::optional<std::string> env(const std::string& name) override {
    if (name == "HOME") return "/root";
    if (name == "EMPTY") return "";
    return std::nullopt;
  }
  Result<std::string> file(const std::string& path) override {
    if (path == "local/a.txt") return std::string("content of a");
    return Error{ErrorCode::not_found, path + " does not exist"};
  }
  std::int64_t now_wall_ns() override { return 1'500'000'000'123'000'000; }
  Result<Value> cluster(const ClusterQuery& query) override {
    const bool there = query.name == "models/churn";
    switch (query.kind) {
      case ClusterQuery::Kind::variable:
        return there ? Value{{"path", "/models/7"}, {"limit", "3"}} : Value();
      case ClusterQuery::Kind::variable_exists: return Value(there);
      case ClusterQuery::Kind::variable_list:
        return Value::array({{{"Path", "models/churn"}, {"Namespace", "default"}}});
      case ClusterQuery::Kind::service_list:
        return Value::array({{{"Name", "web"}, {"Tags", {"blue"}}}});
      case ClusterQuery::Kind::service: break;
    }
    Value out = Value::array();
    for (const char* id : {"1", "2", "3"}) {
      out.push_back({{"ID", id},
                     {"Address", std::string("10.0.0.") + id},
                     {"Port", 80},
                     {"Tags", Value::array({"blue"})}});
    }
    return out;
  }
};

Result<std::string> try_render(const std::string& text, const Value& dot = nullptr,
                               const RenderOptions& options = {}) {
  YURT_ASSIGN(const Template parsed, Template::parse("t", text));
  StandInProvider provider;
  return parsed.render(provider, dot, options);
}

std::string render(const std::string& text, const Value& dot = nullptr) {
  const auto result = try_render(text, dot);
  return result.ok() ? *result : "ERROR " + result.error().message;
}

TEST(Template, copies_plain_text) {
  EXPECT_EQ(render("plain $x { } text\n"), "plain $x { } text\n");
}

TEST(Template, prints_values_as_go_does) {
  EXPECT_EQ(
      render("{{ 1 }} {{ 1.5 }} {{ 2.0 }} {{ true }} {{ \"a\\tb\" }} {{ `raw\\n` }} {{ 'x' }}"),
      "1 1.5 2 true a\tb raw\\n 120");
  EXPECT_EQ(render("{{ . }}", {{"b", 1}, {"a", {1, "x", nullptr}}}), "map[a:[1 x <nil>] b:1]");
  EXPECT_EQ(render("{{ .missing }}", Value::object()), "<no value>");
}

TEST(Template, trims_space_around_marked_actions) {
  EXPECT_EQ(render("a \n {{- 1 -}} \n b"), "a1b");
  EXPECT_EQ(render("a {{ 1 }} b"), "a 1 b");
  EXPECT_EQ(render("a {{- /* gone */ -}} b"), "ab");
  EXPECT_EQ(render("{{/* gone */}}x"), "x");
}

TEST(Template, decides_with_if_else_if_and_else) {
  const std::string text = "{{ if .a }}A{{ else if .b }}B{{ else }}C{{ end }}";
  EXPECT_EQ(render(text, {{"a", 1}}), "A");
  EXPECT_EQ(render(text, {{"a", 0}, {"b", "x"}}), "B");
  EXPECT_EQ(render(text, {{"a", ""}, {"b", Value::array()}}), "C");
}

TEST(Template, with_moves_the_dot_and_has_an_else) {
  EXPECT_EQ(render("{{ with .a }}{{ .b }}{{ else }}none{{ end }}", {{"a", {{"b", 7}}}}), "7");
  EXPECT_EQ(render("{{ with .x }}{{ .b }}{{ else }}none{{ end }}", Value::object()), "none");
  EXPECT_EQ(render("{{ with $v := .a }}{{ $v }}{{ end }}", {{"a", 3}}), "3");
}

TEST(Template, ranges_over_lists_maps_and_numbers) {
  EXPECT_EQ(render("{{ range . }}<{{ . }}>{{ end }}", {1, 2}), "<1><2>");
  EXPECT_EQ(render("{{ range $i, $v := . }}{{ $i }}={{ $v }};{{ end }}", {"a", "b"}), "0=a;1=b;");
  EXPECT_EQ(render("{{ range $k, $v := . }}{{ $k }}={{ $v }};{{ end }}", {{"z", 1}, {"y", 2}}),
            "y=2;z=1;");
  EXPECT_EQ(render("{{ range . }}x{{ else }}empty{{ end }}", Value::array()), "empty");
  EXPECT_EQ(render("{{ range 3 }}{{ . }}{{ end }}"), "012");
  EXPECT_EQ(render("{{ range $i := loop 5 }}{{ if eq $i 1 }}{{ continue }}{{ end }}"
                   "{{ if eq $i 3 }}{{ break }}{{ end }}{{ $i }}{{ end }}"),
            "02");
}

TEST(Template, keeps_variables_in_their_blocks_and_assigns_to_outer_ones) {
  EXPECT_EQ(render("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}"), "21");
  EXPECT_EQ(render("{{ $x := 1 }}{{ range loop 3 }}{{ $x = add $x 1 }}{{ end }}{{ $x }}"), "4");
  EXPECT_EQ(render("{{ range . }}{{ $.name }}{{ end }}", {{"a", {{"name", 1}}}, {"name", "n"}}),
            "nn");
}

TEST(Template, chains_functions_with_pipes_and_parentheses) {
  EXPECT_EQ(render("{{ \"a,b\" | split \",\" | join \"-\" | toUpper }}"), "A-B");
  EXPECT_EQ(render("{{ (index . 0).name }}", {{{"name", "first"}}}), "first");
  EXPECT_EQ(render("{{ len (split \",\" \"a,b,c\") }}"), "3");
}

TEST(Template, defines_and_calls_templates) {
  EXPECT_EQ(
      render("{{ define \"t\" }}[{{ . }}]{{ end }}{{ template \"t\" 5 }}{{ template \"t\" }}"),
      "[5][<no value>]");
  EXPECT_EQ(render("{{ block \"b\" .x }}<{{ . }}>{{ end }}", {{"x", 1}}), "<1>");
}

TEST(Template, compares_as_go_does) {
  EXPECT_EQ(render("{{ eq 1 1 }}{{ eq 1 2 3 1 }}{{ ne \"a\" \"b\" }}{{ lt 1 2 }}{{ ge 2 2 }}"),
            "truetruetruetruetrue");
  EXPECT_EQ(render("{{ and 1 0 2 }}{{ or 0 \"\" 7 }}{{ not 0 }}"), "07true");
  EXPECT_EQ(render("{{ or 1 (mustEnv \"NOT_SET\") }}"), "1") << "looks no further than it must";
}

TEST(Template, knows_the_functions_of_strings) {
  EXPECT_EQ(render("{{ toTitle \"ab cd\" }}|{{ trimSpace \"  x \" }}|{{ \"~~y~~\" | trim \"~\" }}"),
            "Ab Cd|x|y");
  EXPECT_EQ(render("{{ \"foobar\" | trimPrefix \"foo\" }}{{ \"foobar\" | trimSuffix \"bar\" }}"),
            "barfoo");
  EXPECT_EQ(render("{{ \"a.b.c\" | replaceAll \".\" \"/\" }}"), "a/b/c");
  EXPECT_EQ(render("{{ \"foo12\" | regexReplaceAll \"([a-z]+)([0-9]+)\" \"$2-${1}\" }}"), "12-foo");
  EXPECT_EQ(render("{{ \"x\\ny\" | indent 2 }}"), "  x\n  y");
  EXPECT_EQ(render("{{ contains \"b\" \"abc\" }}{{ in (split \",\" \"a,b\") \"b\" }}"), "truetrue");
  EXPECT_EQ(render("{{ printf \"%s-%05d-%.2f-%q-%v-%x\" \"a\" 42 1.5 \"q\" true 255 }}"),
            "a-00042-1.50-\"q\"-true-ff");
  EXPECT_EQ(render("{{ printf \"%d\" \"x\" }}{{ printf \"%s\" }}"), "%!d(string=x)%!s(MISSING)");
}

TEST(Template, knows_the_functions_of_numbers_and_encodings) {
  EXPECT_EQ(render("{{ add 1 2 }}{{ 5 | subtract 2 }}{{ multiply 2 3 }}{{ 7 | divide 2 }}{{ 7 | "
                   "modulo 4 }}"),
            "33633");
  EXPECT_EQ(render("{{ parseInt \"42\" | add 1 }}{{ parseBool \"true\" }}"), "43true");
  EXPECT_EQ(render("{{ base64Encode \"hi\" }}{{ base64Decode \"aGk=\" }}"), "aGk=hi");
  EXPECT_EQ(render("{{ sha256Hex \"a\" }}").substr(0, 8), "ca978112");
  EXPECT_EQ(render("{{ (parseJSON \"{\\\"a\\\":[1,2]}\").a | toJSON }}"), "[1,2]");
  EXPECT_EQ(render("{{ divide 0 1 }}").find("division by zero") != std::string::npos, true);
}

TEST(Template, reads_the_environment_files_and_the_time) {
  EXPECT_EQ(render("{{ env \"HOME\" }}|{{ env \"NOT_SET\" }}|{{ envOrDefault \"NOT_SET\" \"d\" }}"),
            "/root||d");
  EXPECT_EQ(render("{{ file \"local/a.txt\" }}"), "content of a");
  EXPECT_EQ(
      render("{{ timestamp }} {{ timestamp \"unix\" }} {{ timestamp \"Jan _2 06 3:04PM .000\" }}"),
      "2017-07-14T02:40:00Z 1500000000 Jul 14 17 2:40AM .123");
}

TEST(Template, says_at_parsing_what_is_wrong_and_where) {
  const std::pair<const char*, const char*> cases[] = {
      {"a\n  {{ nope 1 }}", "t:2:6: the function \"nope\" is not known"},
      {"{{ if 1 }}x", "\"if\" has no end"},
      {"{{ $x }}", "the variable \"$x\" is not declared"},
      {"{{ end }}", "no block to end"},
      {"{{ \"abc }}", "string is not closed"},
      {"{{ 1", "not closed"},
      {"{{ break }}", "break outside of a range"},
      {"{{ | toUpper }}", "unexpected \"|\""},
      {"{{ 1 | 2 }}", "only a function can stand behind"},
      {"{{ 12x }}", "is not a number"},
  };
  for (const auto& [text, expected] : cases) {
    const auto parsed = Template::parse("t", text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_NE(parsed.error().message.find(expected), std::string::npos)
        << text << ": " << parsed.error().message;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument);
  }
}

TEST(Template, says_at_rendering_what_is_wrong_and_where) {
  EXPECT_EQ(render("{{ .a.b }}", Value::object()), "ERROR t:1:4: there is no \".b\" of nothing");
  EXPECT_EQ(render("{{ toUpper 1 }}"), "ERROR t:1:4: toUpper: it needs a string, not a int");
  EXPECT_NE(render("{{ file \"x\" }}").find("does not exist"), std::string::npos);
  EXPECT_NE(render("{{ template \"x\" }}").find("not defined"), std::string::npos);
  EXPECT_NE(render("{{ toUpper }}").find("takes 1 arguments"), std::string::npos);
}

TEST(Template, a_missing_key_is_an_error_where_that_is_asked_for) {
  RenderOptions strict;
  strict.error_on_missing_key = true;
  EXPECT_FALSE(try_render("{{ .x }}", Value::object(), strict).ok());
  EXPECT_TRUE(try_render("{{ .x }}", Value::object()).ok());
}

TEST(Template, templates_that_call_each_other_end) {
  EXPECT_NE(render("{{ define \"a\" }}{{ template \"a\" }}{{ end }}{{ template \"a\" }}")
                .find("without an end"),
            std::string::npos);
}

TEST(Template, takes_other_delimiters) {
  const auto parsed = Template::parse("t", "{{ kept }} [[ 1 -]] \n x", {"[[", "]]"});
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  StandInProvider provider;
  EXPECT_EQ(*parsed->render(provider, nullptr), "{{ kept }} 1x");
}

TEST(Template, no_text_crashes_the_parser) {
  EXPECT_TRUE(rc::check("parse and render end", [] {
    const std::vector<std::string> parts = {
        "{{", "}}", "{{-",     "-}}",  " ",  "if ", "end", "else", "range ", "$x",
        ":=", "1",  "\"s\"",   ".a",   ".",  "|",   "(",   ")",    "printf", "with ",
        "/*", "*/", "define ", "text", "\n", "'",   "\\",  ","};
    std::string text;
    for (int i = 0; i < 25; ++i) text += *rc::gen::elementOf(parts);
    (void)try_render(text, {{"a", {1, 2}}});
  }));
}

TEST(Template, reads_and_writes_yaml) {
  EXPECT_EQ(render("{{ with parseYAML \"a: 1\\nb: [x, '2', true]\" }}{{ .a }} {{ .b }}{{ end }}"),
            "1 [x 2 true]");
  EXPECT_EQ(render("{{ toYAML . }}", {{"a", {1, "x", "12"}}, {"b", true}}),
            "a:\n  - 1\n  - x\n  - \"12\"\nb: true");
  EXPECT_NE(render("{{ parseYAML \"a: [\" }}").find("no YAML"), std::string::npos);
}

TEST(Template, refuses_what_reads_other_tools_and_says_what_to_use) {
  EXPECT_NE(render("{{ key \"a\" }}").find("nomadVar"), std::string::npos);
  EXPECT_NE(render("{{ service \"a\" }}").find("nomadService"), std::string::npos);
  EXPECT_NE(render("{{ secret \"a\" }}").find("nomadVar"), std::string::npos);
  EXPECT_NE(render("{{ nosuch }}").find("not known"), std::string::npos);
}

TEST(Template, reads_variables_and_services_of_the_cluster) {
  EXPECT_EQ(render("{{ with nomadVar \"models/churn\" }}{{ .path }}{{ end }}"), "/models/7");
  EXPECT_EQ(render("{{ with nomadVar \"none\" }}{{ .path }}{{ else }}-{{ end }}"), "-");
  EXPECT_EQ(render("{{ range $k, $v := nomadVar \"models/churn\" }}{{ $k }}={{ $v }};{{ end }}"),
            "limit=3;path=/models/7;");
  EXPECT_EQ(render("{{ if nomadVarExists \"models/churn\" }}yes{{ end }}"), "yes");
  EXPECT_EQ(render("{{ range nomadVarList \"models\" }}{{ .Path }}{{ end }}"), "models/churn");
  EXPECT_EQ(render("{{ range nomadService \"web\" }}{{ .Address }}:{{ .Port }} {{ end }}"),
            "10.0.0.1:80 10.0.0.2:80 10.0.0.3:80 ");
  EXPECT_EQ(render("{{ range $tag, $s := nomadService \"web\" | byTag }}{{ $tag }}={{ len $s }} "
                   "{{ end }}"),
            "blue=3 ");
}

TEST(Template, chooses_some_instances_of_a_service_the_same_for_a_key) {
  const std::string two = "{{ range nomadService 2 \"me\" \"web\" }}{{ .ID }} {{ end }}";
  EXPECT_EQ(render(two), render(two));
  EXPECT_EQ(render(two).size(), 4U);
  std::set<std::string> choices;
  for (int key = 0; key < 50; ++key) {
    choices.insert(render("{{ range nomadService 1 \"" + std::to_string(key) +
                          "\" \"web\" }}{{ .ID }}{{ end }}"));
  }
  EXPECT_EQ(choices.size(), 3U);
  EXPECT_NE(render("{{ nomadService 2 \"web\" }}").find("takes a service"), std::string::npos);
}

}  // namespace
}  // namespace yurt::templates
