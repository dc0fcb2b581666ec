//! What must hold between records: names, the family tree, dates.

use std::collections::BTreeMap;

use zoo_registry::descriptor::arxiv_month;
use zoo_registry::names::{nearest, normal};

use super::{Finding, Level, Sheet};
use crate::circles::{Circle, circles};

/// Year and month, which is how exactly every date is known.
type Month<'a> = &'a str;

/// Everything that records contradict each other in, sorted. `today` is a date such as `2025-12-31`; no record is of a later one.
pub fn check(sheets: &[&Sheet], today: &str) -> Vec<Finding> {
    let by_id: BTreeMap<_, _> = sheets.iter().map(|sheet| (sheet.descriptor.id.as_str(), *sheet)).collect();
    let all = All { sheets, by_id };
    let mut found = names(sheets);
    for sheet in sheets {
        all.lineage(sheet, &mut found);
        all.references(sheet, &mut found);
        all.dates(sheet, today, &mut found);
    }
    found.extend(all.cycles());
    found.sort();
    found
}

struct All<'a> {
    sheets: &'a [&'a Sheet],
    by_id: BTreeMap<&'a str, &'a Sheet>,
}

/// Names with two owners. Letter case and the choice of `_` or `-` do not make two names.
fn names(sheets: &[&Sheet]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut owners: BTreeMap<String, (&Sheet, Option<&str>)> = BTreeMap::new();
    let mut titles: BTreeMap<String, &Sheet> = BTreeMap::new();
    for sheet in sheets {
        let facts = &sheet.descriptor;
        if let Some(first) = titles.insert(facts.name.to_lowercase(), sheet) {
            let told = format!("`{}` is called `{}` too", first.descriptor.id, facts.name);
            found.push(sheet.finding(Level::Error, "name", told));
        }
        let own = [("id", &facts.id)].into_iter().chain(facts.aliases.iter().map(|alias| ("aliases", alias)));
        let own = own.map(|(field, name)| (field.to_owned(), name, None));
        let sizes = facts.sizes().flat_map(|(list, size)| {
            let path = move |field: &str| format!("{list}.{}.{field}", size.id);
            let names = [(path("id"), &size.id)].into_iter();
            let names = names.chain(size.aliases.iter().map(move |alias| (path("aliases"), alias)));
            let names = names.chain(size.hub.iter().map(move |hub| (path("hub"), hub)));
            names.map(|(field, name)| (field, name, Some(size.id.as_str())))
        });
        for (field, name, size) in own.chain(sizes) {
            let (first, of) = *owners.entry(normal(name)).or_insert((sheet, size));
            if std::ptr::eq(first, *sheet) && of == size {
                continue;
            }
            let owner = of.map_or_else(String::new, |size| format!(", for its size `{size}`"));
            let told = format!("`{name}` is a name of `{}` already, in {}{owner}", first.descriptor.id, first.file);
            found.push(sheet.finding(Level::Error, field, told));
        }
    }
    found
}

impl<'a> All<'a> {
    fn get(&self, id: &str) -> Option<&'a Sheet> {
        self.by_id.get(id).copied()
    }

    fn missing(&self, sheet: &Sheet, field: String, id: &str) -> Finding {
        let near = nearest(id, self.by_id.keys().copied());
        let hint = near.first().map_or_else(String::new, |best| format!("; did you mean `{best}`?"));
        sheet.finding(Level::Error, field, format!("there is no record `{id}`{hint}"))
    }

    fn lineage(&self, sheet: &Sheet, found: &mut Vec<Finding>) {
        let facts = &sheet.descriptor;
        for (at, edge) in facts.lineage.iter().enumerate() {
            let field = |name: &str| format!("lineage[{at}].{name}");
            let Some(ancestor) = self.get(&edge.id) else {
                found.push(self.missing(sheet, field("id"), &edge.id));
                continue;
            };
            let date = edge.date.as_ref().unwrap_or(&facts.date);
            let born = &ancestor.descriptor.date;
            if month(born) > month(date) {
                let told = format!("`{}` is of {born}, which is later than {date}", edge.id);
                found.push(sheet.finding(Level::Error, field("id"), told));
            }
            if let Some(variant) = &edge.variant
                && !self.size_names(&facts.id).any(|name| name == variant)
            {
                let told = format!("no size of `{}` is called `{variant}`", facts.id);
                found.push(sheet.finding(Level::Error, field("variant"), told));
            }
        }
    }

    /// What the sizes of a model are called, wherever they stand.
    fn size_names(&self, id: &str) -> impl Iterator<Item = &'a String> {
        let sizes = self.sheets.iter().flat_map(|sheet| {
            let owner = &sheet.descriptor.id;
            sheet.descriptor.sizes().map(move |(_, size)| (size.of.as_ref().unwrap_or(owner), size))
        });
        sizes.filter(move |(owner, _)| *owner == id).filter_map(|(_, size)| size.name.as_ref())
    }

    fn references(&self, sheet: &Sheet, found: &mut Vec<Finding>) {
        let facts = &sheet.descriptor;
        for id in facts.builds_on.iter().filter(|id| self.get(id).is_none()) {
            found.push(self.missing(sheet, format!("builds_on.{id}"), id));
        }
        for (list, size) in facts.sizes() {
            let Some(id) = &size.of else { continue };
            let Some(owner) = self.get(id) else {
                found.push(self.missing(sheet, format!("{list}.{}.of", size.id), id));
                continue;
            };
            if let Some(told) = size.unexplained_count().filter(|_| !owner.descriptor.explains_counts()) {
                found.push(sheet.finding(Level::Error, format!("{list}.{}.counted", size.id), told));
            }
        }
    }

    fn dates(&self, sheet: &Sheet, today: &str, found: &mut Vec<Finding>) {
        let facts = &sheet.descriptor;
        let edges = facts.lineage.iter().enumerate();
        let edges = edges.filter_map(|(at, edge)| Some((format!("lineage[{at}].date"), edge.date.as_ref()?)));
        for (field, date) in edges.chain([("date".to_owned(), &facts.date)]) {
            if date.as_str() > today {
                found.push(sheet.finding(Level::Error, field, format!("{date} is in the future; today is {today}")));
            }
        }
        // A model may be described by the paper of an older one; its own paper cannot be older than it.
        let Some(arxiv) = facts.papers.first().and_then(|paper| paper.arxiv.as_ref()) else { return };
        let borrowed = self.sheets.iter().any(|other| {
            let first = other.descriptor.papers.first().and_then(|paper| paper.arxiv.as_ref());
            first == Some(arxiv) && month(&other.descriptor.date) < month(&facts.date)
        });
        let written = arxiv_month(arxiv).map(|(year, month)| format!("{year}-{month:02}"));
        if let Some(written) = written.filter(|written| written.as_str() < month(&facts.date) && !borrowed) {
            let told = format!("{} is later than its paper, arXiv {arxiv} of {written}", facts.date);
            found.push(sheet.finding(Level::Error, "date", told));
        }
    }

    /// Every circle of the family tree once, told of the record that closes it.
    fn cycles(&self) -> Vec<Finding> {
        let parents = |sheet: &'a Sheet| sheet.descriptor.lineage.iter().map(|edge| edge.id.as_str()).collect();
        let parents = self.by_id.iter().map(|(id, sheet)| (*id, parents(sheet))).collect();
        let told = |circle: Circle<'_>| {
            let sheet = self.by_id[circle.ids[circle.ids.len() - 2]];
            let told = format!("the family tree runs in a circle: {}", circle.ids.join(" → "));
            sheet.finding(Level::Error, format!("lineage[{}].id", circle.edge), told)
        };
        circles(&parents).into_iter().map(told).collect()
    }
}

/// `2018-10` of `2018-10-11`.
fn month(date: &str) -> Month<'_> {
    date.get(..7).unwrap_or(date)
}
