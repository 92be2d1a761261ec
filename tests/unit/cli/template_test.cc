#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/template_text.h"

namespace yurt::cli {
namespace {

const auto value = nlohmann::json::parse(R"({
  "ID": "web", "Count": 3, "Stop": false, "Meta": {"a": "1", "b": "2"},
  "Groups": [{"Name": "g", "Tasks": ["x", "y"]}, {"Name": "h", "Tasks": []}], "Nothing": null})");

std::string shown(const std::string& text) {
  const auto out = render_template(text, value);
  return out.ok() ? *out : "error: " + out.error().message;
}

TEST(Template, prints_fields_and_text) {
  EXPECT_EQ(shown("a {{.ID}} b {{ .Count }} {{.Stop}} {{.Nothing}}"), "a web b 3 false <nil>");
  EXPECT_EQ(shown("{{.Meta.a}}{{ $.Meta.b }}"), "12");
  EXPECT_EQ(shown("{{.Meta}}"), R"({"a":"1","b":"2"})");
}

TEST(Template, walks_lists_and_maps) {
  EXPECT_EQ(shown("{{range .Groups}}{{.Name}}:{{range .Tasks}}{{.}},{{else}}-{{end}} {{end}}"),
            "g:x,y, h:- ");
  EXPECT_EQ(shown("{{range $i, $g := .Groups}}{{$i}}={{$g.Name}}{{$.ID}} {{end}}"),
            "0=gweb 1=hweb ");
  EXPECT_EQ(shown("{{range $k, $v := .Meta}}{{$k}}{{$v}}{{end}}"), "a1b2");
}

TEST(Template, decides) {
  EXPECT_EQ(shown(R"({{if .Stop}}s{{else if eq .ID "web" "x"}}w{{else}}o{{end}})"), "w");
  EXPECT_EQ(shown("{{if and .ID (not .Stop)}}yes{{end}}"), "yes");
  EXPECT_EQ(shown("{{if or .Stop .Nothing}}yes{{else}}no{{end}}"), "no");
  EXPECT_EQ(shown("{{if gt .Count 2}}many{{end}}{{if lt (len .Groups) 2}}few{{end}}"), "many");
  EXPECT_EQ(shown("{{with .Meta}}{{.a}}{{end}}{{with .Nothing}}x{{else}}none{{end}}"), "1none");
}

TEST(Template, calls_functions_and_pipes) {
  EXPECT_EQ(shown(R"({{printf "%5s|%-5s|%d|%v|%q|%%|%.2s" .ID .ID .Count .Stop .ID .ID}})"),
            "  web|web  |3|false|\"web\"|%|we");
  EXPECT_EQ(shown("{{.Groups | len | printf \"%d!\"}}"), "2!");
  EXPECT_EQ(shown("{{println .ID .Count}}{{print 1 `x` true}}"), "web 3\n1xtrue");
  EXPECT_EQ(shown("{{(index .Groups 1).Name}}{{index .Meta \"b\"}}"), "h2");
  EXPECT_EQ(shown("{{$n := .Count}}{{$n}}"), "3");
}

TEST(Template, trims_and_comments) {
  EXPECT_EQ(shown("a  {{- .ID -}}  b{{/* nothing */}}c"), "awebbc");
}

TEST(Template, that_is_wrong_says_where) {
  EXPECT_EQ(shown("{{.Nope}}").substr(0, 45), "error: -t: there is no field \"Nope\" here; the");
  for (const char* wrong : {"{{", "{{}}", "{{.ID", "{{end}}", "{{if .ID}}", "{{range .ID}}{{end}}",
                            "{{else}}", "{{nope}}", "{{.ID .ID}}", "{{$x}}", "{{index .Groups 7}}",
                            "{{printf}}", "{{printf \"%d\"}}", "{{\"open}}", "{{(.ID}}",
                            "{{.ID | .ID}}", "{{len}}", "{{12x}}", "{{if .ID}}{{else x}}{{end}}"}) {
    EXPECT_EQ(shown(wrong).substr(0, 11), "error: -t: ") << wrong << " → " << shown(wrong);
  }
}

}  // namespace
}  // namespace yurt::cli
