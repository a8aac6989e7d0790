//! Adding records to a graph: rows that are bound as one array, whose fields are inputs or outputs.

use crate::build::Operand;
use crate::composition::Broadcasts;
use crate::diagnostic::{Diagnostic, DiagnosticKind, OperandNote, Site};
use crate::dim::Dim;
use crate::dtype::DType;
use crate::graph::{Graph, Op, SiteId};
use crate::naming;
use crate::op::ElementOp;
use crate::record::{Field, FieldOf, FieldType, RecordType};
use crate::scalar::Weak;
use crate::shape::{ArrayType, Shape};
use std::collections::HashMap;
use std::sync::Arc;

/// Records that a [`Graph`] was told of, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecordId(usize);

/// What a graph knows of records.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records {
    declared: Vec<Declared>,
    /// By the names of inputs.
    inputs: HashMap<Arc<str>, FieldOf>,
    /// By the calls that are outputs.
    outputs: HashMap<SiteId, FieldOf>,
}

/// Rows that are bound by name.
#[derive(Clone, Debug)]
struct Declared {
    name: Arc<str>,
    ty: RecordType,
    shape: Shape,
    site: Site,
    /// The call that says what is wrong with them.
    refused: Option<SiteId>,
}

impl Declared {
    fn note(&self) -> OperandNote {
        OperandNote {
            text: format!("`{}` {}, rows of {} bytes", self.name, self.shape, self.ty.itemsize()),
            slot: 0,
            name: self.name.to_string(),
            array: None,
            site: Some(self.site),
        }
    }
}

impl Records {
    /// The field that the input of this name stands for.
    pub(crate) fn input(&self, name: &str) -> Option<&FieldOf> {
        self.inputs.get(name)
    }

    /// The field that the output made by this call stands for.
    pub(crate) fn output(&self, site: SiteId) -> Option<&FieldOf> {
        self.outputs.get(&site)
    }
}

/// What a field of several bytes is to a kernel: the bytes, along an axis of their own.
fn as_bytes(rows: &Shape, ty: &FieldType) -> ArrayType {
    let shape = rows.iter().cloned().chain([Dim::from(ty.size() as u64)]).collect();
    ArrayType { dtype: DType::U8, shape }
}

/// What is wrong with a field's name where it becomes the name of an input or an output. Types are read with whatever
/// names files have.
fn improper_field(name: &str) -> Option<Diagnostic> {
    let improper = naming::improper("a field", name)?;
    Some(improper.help("describe the rows by a type with another name for the field at the same offset"))
}

impl Graph {
    /// Rows of this type that are bound by `name`. The same name with the same type and shape is the same
    /// array; what is wrong is reported where a field is used.
    pub fn records(&mut self, name: &str, ty: &RecordType, shape: Shape, site: Site) -> RecordId {
        let mut declared = Declared { name: name.into(), ty: ty.clone(), shape, site, refused: None };
        let known = self.records.declared.iter().position(|known| *known.name == *name);
        if let Some(at) = known
            && self.records.declared[at].ty == declared.ty
            && self.records.declared[at].shape == declared.shape
        {
            return RecordId(at);
        }
        let twice = || {
            let message = format!("input `{name}` is declared twice, here as {}", declared.ty);
            let help = "give the inputs different names, or declare both with the same type and shape";
            Diagnostic::new(DiagnosticKind::Name, message).help(help)
        };
        let improper = naming::improper("an input record", name);
        let wrong = match (known, self.input_named(name)) {
            _ if improper.is_some() => improper,
            (Some(at), _) => Some(twice().operand(self.records.declared[at].note())),
            (None, Some(input)) => Some(twice().operand(self.note(input, 0))),
            (None, None) => self.declare(name, &declared.shape, site),
        };
        if wrong.is_some() {
            declared.refused = Some(self.add_poison(Op::Input(naming::shown(name).into()), &[], site, wrong));
        }
        self.records.declared.push(declared);
        RecordId(self.records.declared.len() - 1)
    }

    /// The type of these records.
    #[must_use]
    pub fn record_type(&self, record: RecordId) -> Option<&RecordType> {
        self.records.declared.get(record.0).map(|declared| &declared.ty)
    }

    /// What is bound under a name that another input must not have.
    pub(crate) fn records_named(&self, name: &str) -> Option<OperandNote> {
        self.records.declared.iter().find(|known| *known.name == *name).map(Declared::note)
    }

    /// A field of numbers as an expression. A `bool` is true for any byte but 0.
    pub fn record_field(&mut self, record: RecordId, field: &str, site: Site) -> SiteId {
        self.field_of(record, field, site, |declared, field| {
            let message = format!(
                "field `{}` of `{}` is {}: expressions take numbers",
                field.name, declared.name, field.ty
            );
            let help = format!("to pass it on to an output record as it is: `.carried(\"{}\")`", field.name);
            Err(Box::new(Diagnostic::new(DiagnosticKind::DType, message).help(help)))
        })
    }

    /// A field of any type, for an output record: numbers as they are, anything else as its bytes, `u8` along
    /// one more axis.
    pub fn record_field_carried(&mut self, record: RecordId, field: &str, site: Site) -> SiteId {
        self.field_of(record, field, site, |declared, field| Ok(as_bytes(&declared.shape, &field.ty)))
    }

    /// A field, where `other` says what becomes of one that is no number.
    fn field_of(
        &mut self,
        record: RecordId,
        name: &str,
        site: Site,
        other: impl FnOnce(&Declared, &Field) -> Result<ArrayType, Box<Diagnostic>>,
    ) -> SiteId {
        let unknown_record = Op::Input("records of another graph".into());
        let Some(declared) = self.records.declared.get(record.0) else {
            return self.add_poison(unknown_record, &[], site, None);
        };
        let port: Arc<str> = format!("{}.{name}", declared.name).into();
        let op = Op::Input(naming::shown(&port).into());
        if let Some(refused) = declared.refused {
            return self.add_poison(op, &[refused], site, None);
        }
        let Some(field) = declared.ty.field(name) else {
            let wrong = declared.ty.unknown_field(&format!("`{}`", declared.name), name);
            let wrong = wrong.operand(declared.note());
            return self.add_poison(op, &[], site, Some(wrong));
        };
        if let Some(improper) = improper_field(name) {
            let wrong = improper.operand(declared.note());
            return self.add_poison(op, &[], site, Some(wrong));
        }
        let array = match &field.ty {
            // A byte of memory that the caller wrote may be no `bool`.
            FieldType::Number(DType::Bool) => {
                Ok(ArrayType { dtype: DType::U8, shape: declared.shape.clone() })
            }
            FieldType::Number(dtype) => Ok(ArrayType { dtype: *dtype, shape: declared.shape.clone() }),
            _ => other(declared, field).map_err(|wrong| wrong.operand(declared.note())),
        };
        let of =
            FieldOf { record: declared.name.clone(), field: field.name.clone(), ty: declared.ty.clone() };
        let is_truth = field.ty.dtype() == Some(DType::Bool);
        let ArrayType { dtype, shape } = match array {
            Ok(array) => array,
            Err(wrong) => return self.add_poison(op, &[], site, Some(wrong)),
        };
        let input = self.input(&port, dtype, shape, site);
        self.records.inputs.insert(port, of);
        if !is_truth {
            return input;
        }
        let begun = self.begin_composition("field", site, Broadcasts::OfFunction);
        let zero = Operand::Weak(Weak::Int(0));
        let truth = self.element(ElementOp::NotEqual, &[Operand::Expr(input), zero], site);
        if begun {
            self.end_composition();
        }
        truth
    }

    /// Rows of this type as outputs, one for each field, in the order of the type: they are bound as one array
    /// by `name`. Numbers are computed by an expression of their dtype, fields of other types by the bytes of
    /// [`Graph::record_field_carried`].
    ///
    /// What is wrong is reported by the plan that has the outputs: fields that are missing, unknown or given
    /// twice, expressions of another dtype or shape, fields that overlap.
    pub fn record_output(
        &mut self,
        name: &str,
        ty: &RecordType,
        given: &[(Arc<str>, Operand)],
        site: Site,
    ) -> Vec<SiteId> {
        if let Some(improper) = naming::improper("an output record", name) {
            return vec![self.refuse(&[], Some(improper), site)];
        }
        let of = format!("the output record `{name}`");
        let mut outputs = Vec::new();
        if let Some((first, second)) = ty.overlap() {
            let message = format!(
                "{of} cannot be written: its fields `{}` and `{}` share bytes",
                first.name, second.name
            );
            let wrong = Diagnostic::new(DiagnosticKind::Record, message);
            outputs.push(self.refuse(&[], Some(wrong.help("records to read may have such fields")), site));
        }
        let mut seen: HashMap<&str, SiteId> = HashMap::new();
        for (field, operand) in given {
            let expr = match operand {
                Operand::Expr(expr) => *expr,
                Operand::Weak(weak) => {
                    self.scalar(weak.to_scalar(weak.default_dtype()).unwrap_or(0i64.into()), site)
                }
                Operand::Foreign(made) => {
                    outputs.push(self.refuse_foreign("record_output", *made, site));
                    continue;
                }
            };
            let wrong = if ty.field(field).is_none() {
                Some(ty.unknown_field(&of, field))
            } else if seen.insert(field, expr).is_some() {
                let message = format!("field `{field}` of {of} is given twice");
                Some(Diagnostic::new(DiagnosticKind::Record, message))
            } else {
                None
            };
            if wrong.is_some() {
                outputs.push(self.refuse(&[expr], wrong, site));
            }
        }
        // All rows have the shape of the first number; where there is none, of the first bytes without
        // their last axis.
        let numbers = ty.fields().iter().filter(|field| field.ty.dtype().is_some());
        let others = ty.fields().iter().filter(|field| field.ty.dtype().is_none());
        let rows = numbers.chain(others).find_map(|field| {
            let expr = *seen.get(&*field.name)?;
            let shape = &self.site_array(expr)?.shape;
            let rows = shape.len() - usize::from(field.ty.dtype().is_none() && !shape.is_empty());
            Some((expr, shape[..rows].iter().cloned().collect::<Shape>()))
        });
        for field in ty.fields() {
            let Some(expr) = seen.get(&*field.name).copied() else {
                let message = format!("{of} has no expression for field `{}` {}", field.name, field.ty);
                let help = "carry the field of an input with `.carried(...)`, or leave it out of the type";
                let wrong = Diagnostic::new(DiagnosticKind::Record, message).help(help);
                outputs.push(self.refuse(&[], Some(wrong), site));
                continue;
            };
            if let Some(improper) = improper_field(&field.name) {
                outputs.push(self.refuse(&[expr], Some(improper), site));
                continue;
            }
            let (Some(array), Some((first, rows))) = (self.site_array(expr), &rows) else {
                // It is wrong already.
                outputs.push(expr);
                continue;
            };
            let wanted = match field.ty.dtype() {
                Some(dtype) => ArrayType { dtype, shape: rows.clone() },
                None => as_bytes(rows, &field.ty),
            };
            if *array != wanted {
                let message = format!(
                    "field `{}` of {of} is {}, which takes {wanted}, but its expression is {array}",
                    field.name, field.ty
                );
                let mut wrong = Diagnostic::new(DiagnosticKind::Record, message);
                if field.ty.dtype().is_none() {
                    wrong = wrong.help("what is no number is carried from an input: `.carried(...)`");
                } else if array.dtype != wanted.dtype {
                    wrong =
                        wrong.help(format!("convert it: `.astype({})`", wanted.dtype.name().to_uppercase()));
                }
                if array.shape != wanted.shape && field.ty.dtype().is_some() {
                    wrong = wrong.help("give every field the same shape: `.broadcast_to(...)`");
                }
                let operands = if *first == expr { vec![expr] } else { vec![expr, *first] };
                outputs.push(self.refuse(&operands, Some(wrong), site));
                continue;
            }
            let port = format!("{name}.{}", field.name);
            let output = self.amend(expr, |call| call.label = Some(port.into()));
            let of = FieldOf { record: name.into(), field: field.name.clone(), ty: ty.clone() };
            self.records.outputs.insert(output, of);
            outputs.push(output);
        }
        outputs
    }
}
