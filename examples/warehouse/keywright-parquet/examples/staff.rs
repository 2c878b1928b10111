//! Writes and reads the table `staff`, whose keys `staff.py` on docs/warehouses.md has too.
//!
//! `staff write FILE` takes rows from standard input, each `id,name,salary` in a line. `staff read FILE COLUMN…` prints
//! rows in the same form. Settings come from the environment, as in any client of AWS.

use std::{
    env,
    error::Error,
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use clap::{Parser, Subcommand};
use forward::{Context, Kms, Patience, Settings, ThisMachine};
use keywright_parquet::{Columns, MasterKey, MasterKeys, ParquetKeys};
use parquet::{
    arrow::{
        ArrowSchemaConverter, ArrowWriter, ProjectionMask,
        arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder},
    },
    basic::Compression,
    file::properties::WriterProperties,
};

#[derive(Parser)]
struct CommandLine {
    /// The key of the footer and of names
    #[arg(long, default_value = "alias/people")]
    people: String,
    /// The key of salaries
    #[arg(long, default_value = "alias/pay")]
    pay: String,
    /// A key that salaries were under before
    #[arg(long)]
    formerly: Option<String>,
    /// Puts the keys themselves into the file, and not names for them
    #[arg(long)]
    unnamed: bool,
    /// What stands in the encryption context
    #[arg(long, default_value = "staff")]
    table: String,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Writes a file
    Write {
        /// Has the footer's key seal all columns
        #[arg(long)]
        uniform: bool,
        file: PathBuf,
    },
    /// Reads columns of a file
    Read { file: PathBuf, columns: Vec<String> },
}

fn main() -> ExitCode {
    match run(&CommandLine::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // What the KMS says comes last. Of a column that is read, Arrow keeps the words of it alone.
            let mut told: &dyn Error = error.as_ref();
            while let Some(cause) = told.source() {
                told = cause;
            }
            let _ = writeln!(io::stderr(), "Error: {told}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &CommandLine) -> Result<(), Box<dyn Error>> {
    let mut pay = MasterKey::new(&command.pay);
    if let Some(key) = &command.formerly {
        pay = pay.formerly(key);
    }
    let names = MasterKeys::named([("people", MasterKey::new(&command.people)), ("pay", pay)]);
    let names = if command.unnamed { MasterKeys::as_in_files() } else { names };
    let keys = keys_of(names, &command.table)?;
    match &command.task {
        Task::Write { uniform: true, file } => {
            let people = if command.unnamed { &*command.people } else { "people" };
            write(&keys, file, &rows(io::stdin())?, people, Columns::ByTheFootersKey)
        }
        Task::Write { file, .. } => {
            let (people, pay) =
                if command.unnamed { (&*command.people, &*command.pay) } else { ("people", "pay") };
            let columns =
                Columns::ByKeys { keys: &[(people, &["name"]), (pay, &["salary"])], clear: &["id"] };
            write(&keys, file, &rows(io::stdin())?, people, columns)
        }
        Task::Read { file, columns } => read(&keys, file, columns),
    }
}

fn keys_of(names: MasterKeys, table: &str) -> Result<ParquetKeys, Box<dyn Error>> {
    let settings = Settings::read(&|name| env::var_os(name))?;
    let kms = Kms::new(settings, Patience::OF_A_PROGRAM, Arc::new(ThisMachine::start()))?;
    let context = Context::from([("table".to_owned(), table.to_owned())]);
    Ok(ParquetKeys::new(kms, names, context, Duration::from_mins(10))?)
}

fn write(
    keys: &ParquetKeys,
    path: &Path,
    table: &RecordBatch,
    footer: &str,
    columns: Columns<'_>,
) -> Result<(), Box<dyn Error>> {
    let schema = ArrowSchemaConverter::new().convert(&table.schema())?;
    let properties = WriterProperties::builder()
        .with_file_encryption_properties(keys.encryption(&schema, footer, columns)?)
        .set_compression(Compression::SNAPPY)
        .build();
    let mut file = ArrowWriter::try_new(File::create(path)?, table.schema(), Some(properties))?;
    file.write(table)?;
    file.close()?;
    Ok(())
}

fn read(keys: &ParquetKeys, path: &Path, columns: &[String]) -> Result<(), Box<dyn Error>> {
    let file = File::open(path)?;
    let options = ArrowReaderOptions::new().with_file_decryption_properties(keys.decryption(&file)?);
    let table = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)?;
    let columns = ProjectionMask::columns(table.parquet_schema(), columns.iter().map(String::as_str));
    for rows in table.with_projection(columns).build()? {
        show(&rows?)?;
    }
    Ok(())
}

fn rows(input: impl io::Read) -> Result<RecordBatch, Box<dyn Error>> {
    let text = io::read_to_string(input)?;
    let (mut ids, mut names, mut salaries) = (Vec::new(), Vec::new(), Vec::new());
    for line in text.lines() {
        let [id, name, salary] = *line.split(',').collect::<Vec<_>>() else {
            return Err(format!("`{line}` is not `id,name,salary`").into());
        };
        ids.push(id.parse::<i64>()?);
        names.push(name);
        salaries.push(salary.parse::<i64>()?);
    }
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("id", Arc::new(Int64Array::from(ids)) as ArrayRef, true),
        ("name", Arc::new(StringArray::from(names)), true),
        ("salary", Arc::new(Int64Array::from(salaries)), true),
    ])?)
}

fn show(rows: &RecordBatch) -> Result<(), Box<dyn Error>> {
    let columns = rows.columns().iter().map(|column| texts(column)).collect::<Result<Vec<_>, _>>()?;
    let mut output = io::stdout().lock();
    for row in 0..rows.num_rows() {
        let row: Vec<&str> =
            columns.iter().filter_map(|column| column.get(row)).map(String::as_str).collect();
        writeln!(output, "{}", row.join(","))?;
    }
    Ok(())
}

fn texts(column: &dyn Array) -> Result<Vec<String>, Box<dyn Error>> {
    if let Some(numbers) = column.as_any().downcast_ref::<Int64Array>() {
        return Ok(numbers.iter().map(|number| number.unwrap_or_default().to_string()).collect());
    }
    let texts = column.as_any().downcast_ref::<StringArray>().ok_or("this table has numbers and texts")?;
    Ok(texts.iter().map(|text| text.unwrap_or_default().to_owned()).collect())
}
