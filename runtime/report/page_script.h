/* page_script.h: the script of pages. See page.c. */
#ifndef NN_PAGE_SCRIPT_H
#define NN_PAGE_SCRIPT_H

static const char page_script[] =
	"// Moves the focus into what a cell of the matrix opens; Escape closes it.\n"
	"(function () {\n"
	"  var from = null;\n"
	"  function open() {\n"
	"    var panel = document.getElementById(location.hash.slice(1));\n"
	"    if (panel && panel.className === \"panel\") panel.focus({ preventScroll: true });\n"
	"  }\n"
	"  document.addEventListener(\"click\", function (event) {\n"
	"    var link = event.target.closest(\"a[href^='#c']\");\n"
	"    if (link && !link.classList.contains(\"close\")) from = link;\n"
	"  });\n"
	"  document.addEventListener(\"keydown\", function (event) {\n"
	"    if (event.key !== \"Escape\" || !document.querySelector(\".panel:target\")) return;\n"
	"    location.hash = \"#confusion\";\n"
	"    if (from) from.focus();\n"
	"  });\n"
	"  addEventListener(\"hashchange\", open);\n"
	"  open();\n"
	"})();\n";

#endif
