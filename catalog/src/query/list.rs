//! Lists of sizes, and how many models give each answer.

use std::collections::BTreeMap;

use sqlx::{QueryBuilder, Sqlite};

use super::Catalog;
use super::filter::{Filter, Sort};
use crate::error::Result;
use crate::view::{Answer, Facet, FacetTerm, Question, SizeLine};

impl Catalog {
    /// The sizes that are asked for; a model of which no size is known stands for itself.
    ///
    /// # Errors
    /// [`Error::Sqlite`](crate::Error::Sqlite) if the file can no longer be read.
    pub async fn sizes(&self, filter: &Filter, sort: Sort) -> Result<Vec<SizeLine>> {
        type Line = (Option<String>, String, String, String, String, Option<i64>, bool, Option<String>, String);
        let named = self.named(filter).await?;
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT p.id, a.id, a.name, a.family, a.date, p.size, iif(p.id IS NULL, a.code, p.parameters IS NOT NULL), p.hub,
               coalesce(p.note, a.summary)
             FROM architecture AS a LEFT JOIN preset AS p ON p.model = a.id",
        );
        filter.push(&mut query, named.as_deref());
        query.push(" ORDER BY ").push(sort.sql());
        let lines: Vec<Line> = query.build_query_as().fetch_all(&self.pool).await.map_err(self.reading())?;
        let line = |(size, model, model_name, family, date, parameters, code, hub, summary): Line| SizeLine {
            name: size.unwrap_or_else(|| model.clone()),
            parameters: parameters.map(i64::unsigned_abs),
            model,
            model_name,
            family,
            date,
            code,
            hub,
            summary,
        };
        Ok(lines.into_iter().map(line).collect())
    }

    /// How many of the models that are asked for give each answer; answers that none gives are left out.
    ///
    /// # Errors
    /// [`Error::Sqlite`](crate::Error::Sqlite) if the file can no longer be read.
    pub async fn facets(&self, filter: &Filter) -> Result<Vec<Facet>> {
        let named = self.named(filter).await?;
        // The plus keeps SQLite from walking all ids in order, only because it then meets none twice.
        let mut query = QueryBuilder::<Sqlite>::new(
            "WITH matched AS MATERIALIZED (SELECT DISTINCT +a.id AS id FROM architecture AS a LEFT JOIN preset AS p ON p.model = a.id",
        );
        filter.push(&mut query, named.as_deref());
        query.push(
            ") SELECT axis, term, NULL, count(DISTINCT architecture) FROM matched
                CROSS JOIN architecture_term ON architecture = matched.id GROUP BY axis, term
              UNION ALL SELECT 'family', f.id, f.label, count(DISTINCT architecture) FROM matched
                CROSS JOIN architecture_family ON architecture = matched.id CROSS JOIN family AS f ON f.id = family GROUP BY f.id
              UNION ALL SELECT 'lab', l.id, l.name, count(DISTINCT architecture) FROM matched
                CROSS JOIN architecture_lab ON architecture = matched.id CROSS JOIN lab AS l ON l.id = lab GROUP BY l.id
              UNION ALL SELECT 'licence', l.id, l.label, count(DISTINCT architecture) FROM matched
                CROSS JOIN architecture_licence ON architecture = matched.id CROSS JOIN licence AS l ON l.id = licence GROUP BY l.id
              UNION ALL SELECT 'year', substr(date, 1, 4), NULL, count(*) FROM matched
                CROSS JOIN architecture AS m ON m.id = matched.id GROUP BY 2",
        );
        let counts: Vec<(String, String, Option<String>, u32)> =
            query.build_query_as().fetch_all(&self.pool).await.map_err(self.reading())?;
        let mut found: BTreeMap<String, BTreeMap<String, FacetTerm>> = BTreeMap::new();
        for (facet, id, label, models) in counts {
            let term = FacetTerm { id: id.clone(), label, models };
            found.entry(facet).or_default().insert(id, term);
        }
        let mut facets = Vec::new();
        for (axis, title) in self.axis_titles().await? {
            let Some(mut counts) = found.remove(&axis) else { continue };
            let labels = self.labels(&axis).await?.into_iter();
            let terms = labels.filter_map(|(id, label)| Some(FacetTerm { label: Some(label), ..counts.remove(&id)? }));
            facets.push(Facet { terms: terms.collect(), id: axis, title });
        }
        for (id, title) in [("family", "Family"), ("lab", "Lab"), ("licence", "Licence"), ("year", "Year")] {
            let terms: Vec<_> = found.remove(id).unwrap_or_default().into_values().collect();
            if !terms.is_empty() {
                facets.push(Facet { id: id.into(), title: title.into(), terms });
            }
        }
        Ok(facets)
    }

    /// Every answer there is to every question that a filter can ask, used or not.
    ///
    /// # Errors
    /// [`Error::Sqlite`](crate::Error::Sqlite) if the file can no longer be read.
    pub async fn answers(&self) -> Result<Vec<Question>> {
        let query = sqlx::query!(
            r#"SELECT axis AS "question!", id AS "id!", label AS "label!" FROM term
             UNION ALL SELECT 'family', id, coalesce(label, id) FROM family
             UNION ALL SELECT 'lab', id, coalesce(name, id) FROM lab
             UNION ALL SELECT 'licence', id, coalesce(label, id) FROM licence ORDER BY 1, 2"#
        );
        let mut questions: Vec<Question> = Vec::new();
        for line in query.fetch_all(&self.pool).await.map_err(self.reading())? {
            let answer = Answer { id: line.id, label: line.label };
            match questions.last_mut() {
                Some(last) if last.id == line.question => last.terms.push(answer),
                _ => questions.push(Question { id: line.question, terms: vec![answer] }),
            }
        }
        Ok(questions)
    }

    /// Id and title of every axis, in the vocabulary's order.
    async fn axis_titles(&self) -> Result<Vec<(String, String)>> {
        let query = sqlx::query!("SELECT id, title FROM axis ORDER BY position");
        let axes = query.fetch_all(&self.pool).await.map_err(self.reading())?;
        Ok(axes.into_iter().map(|axis| (axis.id, axis.title)).collect())
    }

    /// Id and label of every term of an axis, in the vocabulary's order.
    pub(super) async fn labels(&self, axis: &str) -> Result<Vec<(String, String)>> {
        let query = sqlx::query!("SELECT id, label FROM term WHERE axis = ?1 ORDER BY position", axis);
        let terms = query.fetch_all(&self.pool).await.map_err(self.reading())?;
        Ok(terms.into_iter().map(|term| (term.id, term.label)).collect())
    }
}
