//! The `#[job]` attribute; see the crate `journeyman-job` for how to use it.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, ImplItem, ItemImpl, Lit, LitStr, MetaNameValue, Token, Type, parse_macro_input};

const KNOWN: &str = "name, queue, max_tries (or tries), timeout, retry_after, lane";

/// Put on `impl Job for X`: gives the type its stable name (snake case of `X` unless `name = "…"`), makes it known to
/// the server, and publishes the JSON schema of its fields. `queue`, `max_tries`, `timeout`, `retry_after` (seconds)
/// and `lane = "blocking"` stand for the trait methods of those names.
#[proc_macro_attribute]
pub fn job(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as Arguments);
    let item = parse_macro_input!(item as ItemImpl);
    expand(&arguments, item).unwrap_or_else(Error::into_compile_error).into()
}

struct Arguments {
    name: Option<LitStr>,
    /// Trait methods to add: their name, the option's own tokens for errors, and their code.
    methods: Vec<(&'static str, Tokens, Tokens)>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let mut arguments = Self { name: None, methods: Vec::new() };
        for option in Punctuated::<MetaNameValue, Token![,]>::parse_terminated(input)? {
            arguments.add(&option)?;
        }
        Ok(arguments)
    }
}

impl Arguments {
    fn add(&mut self, option: &MetaNameValue) -> syn::Result<()> {
        let key = option.path.get_ident().map(ToString::to_string).unwrap_or_default();
        let syn::Expr::Lit(syn::ExprLit { lit, .. }) = &option.value else {
            return Err(Error::new_spanned(&option.value, format!("{key} takes a literal")));
        };
        let (method, code) = match key.as_str() {
            "name" => {
                self.name = Some(job_name(lit)?);
                return Ok(());
            }
            "queue" => {
                let queue = text(lit, "a queue name in quotes")?;
                let code = quote! {
                    fn queue(&self) -> ::std::borrow::Cow<'static, str> { ::std::borrow::Cow::Borrowed(#queue) }
                };
                ("queue", code)
            }
            "max_tries" | "tries" => {
                let Lit::Int(tries) = lit else {
                    return Err(Error::new_spanned(lit, "give a whole number; 0 = no limit"));
                };
                ("max_tries", quote! { fn max_tries(&self) -> u32 { #tries } })
            }
            "timeout" => ("timeout", duration_method(&quote!(timeout), lit)?),
            "retry_after" => ("retry_after", duration_method(&quote!(retry_after), lit)?),
            "lane" => {
                let lane = match text(lit, "\"async\" or \"blocking\"")?.value().as_str() {
                    "async" => quote!(Async),
                    "blocking" => quote!(Blocking),
                    _ => return Err(Error::new_spanned(lit, "give \"async\" or \"blocking\"")),
                };
                let code = quote! {
                    fn lane(&self) -> ::journeyman_job::Lane { ::journeyman_job::Lane::#lane }
                };
                ("lane", code)
            }
            _ => return Err(Error::new_spanned(&option.path, format!("unknown #[job] option; known: {KNOWN}"))),
        };
        self.methods.push((method, option.path.to_token_stream(), code));
        Ok(())
    }
}

fn text<'a>(lit: &'a Lit, what: &str) -> syn::Result<&'a LitStr> {
    match lit {
        Lit::Str(text) => Ok(text),
        other => Err(Error::new_spanned(other, format!("give {what}"))),
    }
}

fn job_name(lit: &Lit) -> syn::Result<LitStr> {
    let name = text(lit, "a name in quotes")?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let value = name.value();
    if value.is_empty() || value.len() > 255 || !value.chars().all(allowed) {
        return Err(Error::new_spanned(lit, "a job name has 1 to 255 characters of A-Z a-z 0-9 . _ -"));
    }
    Ok(name.clone())
}

fn duration_method(method: &Tokens, lit: &Lit) -> syn::Result<Tokens> {
    let seconds: f64 = match lit {
        Lit::Int(whole) => whole.base10_parse()?,
        Lit::Float(decimal) => decimal.base10_parse()?,
        other => return Err(Error::new_spanned(other, "give seconds as a number")),
    };
    Ok(quote! {
        fn #method(&self) -> ::std::time::Duration { ::std::time::Duration::from_secs_f64(#seconds) }
    })
}

fn expand(arguments: &Arguments, mut item: ItemImpl) -> syn::Result<Tokens> {
    let for_job = item.trait_.as_ref().and_then(|(_, path, _)| path.segments.last()).is_some_and(|s| s.ident == "Job");
    if !for_job {
        return Err(Error::new_spanned(&item.self_ty, "#[job] goes on `impl Job for …`"));
    }
    if !item.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &item.generics,
            "a stored job needs one name: wrap each instance in its own struct",
        ));
    }
    let own_type = item.self_ty.clone();
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => default_name(&own_type)?,
    };
    for (method, option, code) in &arguments.methods {
        let twice = item.items.iter().any(|i| matches!(i, ImplItem::Fn(f) if f.sig.ident == method));
        if twice {
            return Err(Error::new_spanned(option, format!("{method} is set here and by the method of that name")));
        }
        item.items.push(syn::parse2(code.clone())?);
    }
    Ok(quote! {
        const _: () = {
            // typetag's own expansion names its crate by a relative path.
            use ::journeyman_job::__private::typetag;

            #[typetag::serde(name = #name)]
            #[::journeyman_job::__private::async_trait::async_trait]
            #item

            ::journeyman_job::__private::inventory::submit! {
                ::journeyman_job::registry::JobType {
                    name: #name,
                    rust_type: ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#own_type)),
                    source: ::core::concat!(::core::file!(), ":", ::core::line!()),
                    schema: || ::journeyman_job::__private::schemars::schema_for!(#own_type),
                }
            }
        };
    })
}

fn default_name(own_type: &Type) -> syn::Result<LitStr> {
    let Type::Path(path) = own_type else {
        return Err(Error::new_spanned(own_type, "give this type a name: #[job(name = \"…\")]"));
    };
    match path.path.segments.last() {
        Some(last) => Ok(LitStr::new(&snake_case(&last.ident.to_string()), last.ident.span())),
        None => Err(Error::new_spanned(own_type, "give this type a name: #[job(name = \"…\")]")),
    }
}

fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 4);
    for (i, &letter) in letters.iter().enumerate() {
        let after_small = i > 0 && !letters[i - 1].is_uppercase();
        let before_small = letters.get(i + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && i > 0 && (after_small || before_small) {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn names_are_snake_case() {
        for (type_name, name) in [
            ("SendNotification", "send_notification"),
            ("Echo", "echo"),
            ("HTTPCall", "http_call"),
            ("Job2Do", "job2_do"),
        ] {
            assert_eq!(snake_case(type_name), name);
        }
    }
}
