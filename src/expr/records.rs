//! Records in a graph: rows that are bound as one array, whose fields are expressions.

use super::{Expr, Graph};
use fusewire_ir::{Operand, RecordId, RecordType, Shape, Site};
use std::fmt;
use std::sync::Arc;

/// Rows of a record that a program reads; made by [`Graph::records`].
#[derive(Clone, Copy)]
pub struct Records<'g> {
    graph: &'g Graph,
    record: RecordId,
}

impl Graph {
    /// Rows of a record that are bound by `name`, as one array, when the program runs. Only the fields that
    /// the outputs depend on are read, straight from the rows.
    ///
    /// A plan has an input for each of them, `name.field`; to bind rows of the type or of one with another
    /// layout, pass a [`RecordView`](crate::RecordView) or a [`RecordArray`](crate::RecordArray).
    ///
    /// ```
    /// use fusewire::prelude::*;
    /// use fusewire::{FieldType, RecordType, RecordView};
    ///
    /// let user = RecordType::from_npy_descr("[('name', '|S4'), ('age', '<i2'), ('score', '<f4')]")?;
    /// let g = Graph::new();
    /// let users = g.records("users", &user, [2]);
    /// let weighted = users.field("score") * users.field("age");
    /// let program = g.plan([weighted], &Limits::default())?.compile()?;
    ///
    /// let bytes = b"ann\0\x02\0\0\0\x80\x3fbob\0\x03\0\0\0\x00\x40"; // 2 and 1.0, 3 and 2.0
    /// let mut out = [0f32; 2];
    /// program.run([("users", RecordView::from_bytes(&user, bytes))], [("out", &mut out)])?;
    /// assert_eq!(out, [2.0, 6.0]);
    ///
    /// let error = g.plan([users.field("scor") + 1, users.field("name") + 1], &Limits::default()).unwrap_err();
    /// assert!(error.to_string().contains("did you mean `score`?"));
    /// assert!(error.to_string().contains("field `name` of `users` is 4 bytes: expressions take numbers"));
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn records(&self, name: &str, ty: &RecordType, shape: impl Into<Shape>) -> Records<'_> {
        let (shape, site) = (shape.into(), Site::caller());
        let record = self.ir.borrow_mut().records(name, ty, shape, site);
        Records { graph: self, record }
    }

    /// The fields of an output record, in the order of its type, to be planned as outputs; their rows are bound
    /// by `name`, as one array, to be written. Each field has an expression of its dtype and of the shape of
    /// all others, or is [carried](Records::carried) from records that are read. Padding is left as it is.
    ///
    /// What is wrong is reported by the plan: fields that are missing, unknown or given twice, expressions of
    /// another dtype or shape, fields that overlap.
    ///
    /// ```
    /// use fusewire::prelude::*;
    /// use fusewire::{FieldType, RecordArray, RecordType, RecordView};
    ///
    /// let user = RecordType::packed([("name", FieldType::bytes(3)), ("age", I16.into())])?;
    /// let next = RecordType::aligned([("age", I32.into()), ("name", FieldType::bytes(3))])?;
    /// let g = Graph::new();
    /// let users = g.records("users", &user, [2]);
    /// let age = users.field("age").astype(I32) + 1;
    /// let outputs = g.record_output("next", &next, [("age", age), ("name", users.carried("name"))]);
    /// let program = g.plan(outputs, &Limits::default())?.compile()?;
    ///
    /// let mut rows = RecordArray::zeroed(&next, 2)?;
    /// program.run([("users", RecordView::from_bytes(&user, b"ann\x02\0bob\x03\0"))], [("next", &mut rows)])?;
    /// assert_eq!(rows.bytes(), b"\x03\0\0\0ann\0\x04\0\0\0bob\0");
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn record_output<'g, N: AsRef<str>>(
        &'g self,
        name: &str,
        ty: &RecordType,
        fields: impl IntoIterator<Item = (N, Expr<'g>)>,
    ) -> Vec<Expr<'g>> {
        let site = Site::caller();
        let fields: Vec<(Arc<str>, Operand)> =
            fields.into_iter().map(|(field, expr)| (field.as_ref().into(), expr.operand(self))).collect();
        let outputs = self.ir.borrow_mut().record_output(name, ty, &fields, site);
        outputs.into_iter().map(|site| self.expr(site)).collect()
    }
}

impl<'g> Records<'g> {
    /// A field of numbers, as an expression of its dtype and of the shape of the rows. A `bool` is a byte in
    /// memory, and true unless it is 0.
    ///
    /// Fields that do not exist, and such as hold text or other types, are reported by the plan that
    /// depends on them.
    #[must_use]
    #[track_caller]
    pub fn field(self, name: &str) -> Expr<'g> {
        let site = Site::caller();
        self.graph.push(|g| g.record_field(self.record, name, site))
    }

    /// A field of any type, for [`Graph::record_output`]: a number as [`Records::field`] has it, anything else
    /// as its bytes, `u8` along one more axis.
    #[must_use]
    #[track_caller]
    pub fn carried(self, name: &str) -> Expr<'g> {
        let site = Site::caller();
        self.graph.push(|g| g.record_field_carried(self.record, name, site))
    }

    /// The type of the rows.
    #[must_use]
    pub fn record_type(self) -> RecordType {
        let graph = self.graph.ir.borrow();
        // Handles are made by the graph that they belong to.
        graph.record_type(self.record).cloned().unwrap_or_default()
    }
}

/// The type of the rows.
impl fmt::Debug for Records<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Records({})", self.record_type())
    }
}
