"""Papers of three makes, which load and redefine what those of NeurIPS, ICML and CVPR do; none is a copy."""

from __future__ import annotations

from pathlib import Path

# One column of 5.5 in, natbib, line numbers, a rule above the title; hyperref last.
NEURIPS = r"""
\documentclass{article}
\PassOptionsToPackage{numbers,compress}{natbib}
\usepackage[letterpaper,textheight=9in,textwidth=5.5in,top=1in,headheight=12pt,headsep=25pt,footskip=30pt]{geometry}
\usepackage{natbib,lineno}\linenumbers
\renewcommand{\rmdefault}{ptm}\renewcommand{\sfdefault}{phv}
\widowpenalty=10000 \clubpenalty=10000 \flushbottom \sloppy
\setlength{\abovecaptionskip}{7pt}\setlength{\belowcaptionskip}{7pt}
\usepackage[utf8]{inputenc}\usepackage[T1]{fontenc}
\usepackage{url,booktabs,amsfonts,nicefrac,microtype}\usepackage[dvipsnames]{xcolor}
\newcommand{\answerYes}[1][]{\textcolor{blue}{[Yes] #1}}
\newcommand{\answerNo}[1][]{\textcolor{orange}{[No] #1}}
\newcommand{\answerNA}[1][]{\textcolor{gray}{[NA] #1}}
\usepackage{hyperref}
"""
# Two columns of 3.25 in, natbib by author and year, captions of its own, a page style with running titles.
ICML = r"""
\documentclass[10pt,twocolumn]{article}
\usepackage{times,fancyhdr,xcolor,algorithm,eso-pic,forloop,url}\usepackage[authoryear,round]{natbib}
\setlength{\textwidth}{6.75in}\setlength{\columnsep}{0.25in}\setlength{\textheight}{9in}
\setlength{\oddsidemargin}{-0.125in}\setlength{\topmargin}{-0.2in}\pagestyle{fancy}
\makeatletter
\long\def\@makecaption#1#2{\vskip 10pt \baselineskip 11pt
  \setbox\@tempboxa\hbox{#1. #2}\ifdim \wd\@tempboxa >\hsize
  \sbox{\newcaptionbox}{\small\sl #1.~}\newcaptionboxwid=\wd\newcaptionbox
  \usebox\newcaptionbox {\footnotesize #2}\else \centerline{{\small\sl #1.} {\small #2}}\fi}
\newsavebox\newcaptionbox\newdimen\newcaptionboxwid
\def\@listi{\leftmargin\leftmargini\topsep 2pt plus 1pt\parsep 1pt\itemsep 1pt}
\makeatother
\setlength{\tabcolsep}{4pt}\renewcommand{\arraystretch}{1.3}
\usepackage{microtype,graphicx,subfigure,booktabs,hyperref}
"""
# Two columns of 3.3 in, no natbib, caption and siunitx with options of their own, numbers beside every line, cleveref.
CVPR = r"""
\documentclass[10pt,twocolumn,letterpaper]{article}
\usepackage[T1]{fontenc}\usepackage{times,graphicx,amsmath,amssymb,booktabs,eso-pic,etoolbox}
\usepackage[switch]{lineno}\linenumbers
\usepackage[font=small,labelfont=bf,labelsep=period,tableposition=top]{caption}
\usepackage[skip=3pt]{subcaption}\usepackage[group-digits=none,output-decimal-marker={,}]{siunitx}
\setlength{\textheight}{8.875in}\setlength{\textwidth}{6.875in}\setlength{\columnsep}{0.3125in}
\setlength{\oddsidemargin}{-0.19in}\setlength{\topmargin}{-0.2in}\setlength{\parindent}{1pc}
\usepackage[pagebackref,breaklinks,colorlinks]{hyperref}\usepackage[capitalize]{cleveref}
"""
PAPERS = {
    "neurips": (NEURIPS, "plainnat"),
    "icml": (ICML, "plainnat"),
    "cvpr": (CVPR, "ieeetr"),
    "large": (NEURIPS.replace(r"\documentclass{", r"\documentclass[12pt]{"), "plainnat"),
}

# What a paper's own pages are set with: lengths, counters and definitions, and how wide siunitx sets a number.
STATE = r"""
\makeatletter
\newbox\probe
\newcommand{\state}[1]{\setbox\probe\hbox{\num{12345.5}}%
  \typeout{STATE #1: \the\tabcolsep; \arraystretch; \topfraction; \bottomfraction; \textfraction; \floatpagefraction;
  \the\c@topnumber; \the\c@totalnumber; \the\LTleft; \the\LTcapwidth; \the\emergencystretch; \the\wd\probe;
  \the\columnwidth; \the\linewidth; \the\hsize; \if@twocolumn two\else one\fi; \f@size; \the\baselineskip}}
\let\captionbefore\@makecaption
\newcommand{\same}{\ifx\captionbefore\@makecaption\else\typeout{STATE caption}\fi}
\makeatother
"""


def paper(make: str, report: Path, snippets: list[str], *, body: str = "appendix-body") -> str:
    """The source of a paper that inputs all of a report's kit."""
    preamble, style = PAPERS[make]
    figures = "\n".join(rf"Words between two figures. \input{{{report}/figures/paper/{name}}}" for name in snippets)
    words = "Words of a paper that stand around its figures and fill its lines. " * 60
    return rf"""{preamble}
\newcommand{{\innardspath}}{{{report}/}}
\input{{{report}/preamble}}
{STATE}
\begin{{document}}
\title{{A paper}}\author{{Its authors}}\maketitle
\section{{Results}} {words}
{figures}
{words} See Figure~\ref{{innards:fig:{snippets[0]}}} and Table~\ref{{innards:results}}.
\input{{{report}/checklist}}
\state{{before}}
\appendix
\input{{{report}/{body}}}
\state{{after}}\same
\section{{More}} {words}
\bibliographystyle{{{style}}}\bibliography{{{report}/references}}
\end{{document}}
"""
