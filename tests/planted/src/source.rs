//! Where the expressions of a source file begin and end.

use std::ops::Range;

use proc_macro2::{TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, FieldValue, Item, ItemConst, ItemMod, Macro, Token};

/// A file as far as patches are concerned: everything but its tests.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// Of every expression, by their bytes.
    pub(crate) expressions: Vec<Range<usize>>,
    /// Names that are field and value at once: `Self { n_heads }`.
    pub(crate) shorthands: Vec<Range<usize>>,
    /// Constants.
    pub(crate) constants: Vec<Constant>,
    /// Every identifier that may be the use of a constant.
    pub(crate) names: Vec<(String, Range<usize>)>,
    /// Modules that only tests compile.
    pub(crate) tests: Vec<Range<usize>>,
}

/// `const NAME: TYPE = …;`
#[derive(Debug)]
pub(crate) struct Constant {
    pub(crate) name: String,
    pub(crate) name_at: Range<usize>,
    pub(crate) whole: Range<usize>,
}

impl Source {
    /// Reads a file's syntax.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let file = syn::parse_file(text).map_err(|error| error.to_string())?;
        let mut source = Self::default();
        source.visit_file(&file);
        let tokens: TokenStream = text.parse().map_err(|error| format!("{error}"))?;
        names(tokens, &mut source.names);
        source.names.retain(|(_, at)| !source.tests.iter().any(|tests| inside(tests, at)));
        Ok(source)
    }
}

/// Whether `inner` lies in `outer`.
pub(crate) fn inside(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Whether only tests see this.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|p| p.is_ident("test"))
    })
}

/// What stands between the brackets of `vec![…]`, `format!(…)` and the like, where it is a list of expressions.
pub(crate) fn listed(mac: &Macro) -> Vec<Expr> {
    let list = mac.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated);
    list.map(|list| list.into_iter().collect()).unwrap_or_default()
}

impl<'ast> Visit<'ast> for Source {
    fn visit_item(&mut self, item: &'ast Item) {
        if let Item::Mod(ItemMod { attrs, .. }) = item
            && is_test(attrs)
        {
            self.tests.push(item.span().byte_range());
            return;
        }
        visit::visit_item(self, item);
    }

    fn visit_item_const(&mut self, constant: &'ast ItemConst) {
        let ItemConst { ident, .. } = constant;
        let whole = constant.span().byte_range();
        self.constants.push(Constant { name: ident.to_string(), name_at: ident.span().byte_range(), whole });
        visit::visit_item_const(self, constant);
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
        self.expressions.push(expr.span().byte_range());
        visit::visit_expr(self, expr);
    }

    fn visit_field_value(&mut self, field: &'ast FieldValue) {
        if field.colon_token.is_none() {
            self.shorthands.push(field.expr.span().byte_range());
        }
        visit::visit_field_value(self, field);
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        for expr in listed(mac) {
            self.visit_expr(&expr);
        }
    }

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

fn names(tokens: TokenStream, found: &mut Vec<(String, Range<usize>)>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => found.push((ident.to_string(), ident.span().byte_range())),
            TokenTree::Group(group) => names(group.stream(), found),
            _ => {}
        }
    }
}
